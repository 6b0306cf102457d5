#include "config/schema.hpp"
#include "unit_config/mosquitto_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdlib>

namespace tombo::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Every option of both, in the order in which they stand.
void expect_same(const Options& a, const Options& b) {
  for (const SectionInfo& info : sections())
    ASSERT_EQ(count_of(a, info.section), count_of(b, info.section)) << info.title;
  for (const Row& row : rows()) {
    for (std::size_t i = 0; i < count_of(a, row.section); ++i) {
      EXPECT_TRUE(row.get(object_of(a, row.section, i)) == row.get(object_of(b, row.section, i)))
          << info_of(row.section).title << " " << row.key;
    }
  }
}

/// A file with a text, for as long as the object lives.
class File {
 public:
  explicit File(const std::string& text) {
    const int fd = ::mkstemps(path_, 5);
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
  }
  ~File() { ::unlink(path_); }
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/tombo_conf_XXXXXX.conf";
};

class MosquittoFile : public ::testing::TestWithParam<std::string_view> {};

TEST_P(MosquittoFile, LoadsToTheSameOptionsInBothSyntaxes) {
  const File file{mosquitto_text(GetParam())};
  const Loaded before = load_file(file.path());
  EXPECT_EQ(before.syntax, Syntax::mosquitto);
  EXPECT_TRUE(before.ok()) << told(before);
  const Imported imported = import_mosquitto(file.path());
  const Loaded after = load_text(imported.toml, "imported.toml");
  EXPECT_EQ(after.syntax, Syntax::toml);
  EXPECT_TRUE(after.ok()) << told(after) << imported.toml;
  expect_same(before.options, after.options);
  EXPECT_EQ(imported.problems.size(), before.problems.size());
}

INSTANTIATE_TEST_SUITE_P(InUse, MosquittoFile, ::testing::ValuesIn(kMosquittoFiles),
                         [](const auto& file) { return std::string{file.param}; });

TEST(ImportMosquitto, TellsTheLineOfEachOptionAndWhatHadNoEffect) {
  const File file{"listener 1884\nmax_qos 1\nautosave_interval 5\nallow_anonymous true\ntls_engine x\n"};
  const std::string toml = import_mosquitto(file.path()).toml;
  EXPECT_THAT(toml, HasSubstr("\nqos_max = 1  # " + file.path() + ":2: max_qos\n"));
  EXPECT_THAT(toml, HasSubstr("\nport = 1884  # " + file.path() + ":1: listener\n"));
  EXPECT_THAT(toml, HasSubstr("\nallow_anonymous = true  # " + file.path() + ":4: allow_anonymous\n"));
  EXPECT_THAT(toml, HasSubstr("\nin_flight_max = 20  # as Mosquitto has it where nothing is written\n"));
  EXPECT_THAT(toml, HasSubstr("\n# " + file.path() + ":3: warning: 'autosave_interval' has no effect: "));
  EXPECT_THAT(toml, HasSubstr("\n# " + file.path() + ":5: error: 'tls_engine' is not offered: "));
}

TEST(ImportMosquitto, WritesTomlWhateverTheFileHolds) {
  for (const char* text :
       {"listener 1883\nfoo \x01\xFF\n\xC3\x28 x\n", "topic \x7F\nlistener 1883\n", "listener 99999 \xFF\n"}) {
    const File file{text};
    const Imported imported = import_mosquitto(file.path());
    const Loaded loaded = load_toml(imported.toml, "t");
    EXPECT_THAT(told(loaded), Not(HasSubstr("no valid TOML"))) << imported.toml;
    EXPECT_FALSE(imported.problems.empty());
  }
}

TEST(ImportMosquitto, SaysWhyAFileCannotBeImported) {
  EXPECT_THAT(import_mosquitto("/nowhere/m.conf").problems.at(0).message, HasSubstr("cannot read this file"));
  const File file{"allow_anonymous = true\n"};
  const Imported imported = import_mosquitto(file.path());
  EXPECT_TRUE(imported.toml.empty());
  EXPECT_THAT(imported.problems.at(0).message, HasSubstr("but TOML"));
}

}  // namespace
}  // namespace tombo::config
