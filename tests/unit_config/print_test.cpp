#include "config/load.hpp"
#include "config/schema.hpp"
#include "unit_config/perturb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace tombo::config {
namespace {

using ::testing::HasSubstr;

std::string contents_of(const std::string& name) {
  std::ifstream file{std::string{TOMBO_SOURCE_DIR} + "/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(PrintToml, LoadsToTheSameOptionsWhicheverOneDiffersFromItsDefault) {
  for (const Row& changed : rows()) {
    Options options = with_one_listener();
    void* object = object_of(options, changed.section, 0);
    changed.set(object, another_value(changed, changed.get(object)));
    const Loaded again = load_toml(print_toml(options), "printed");
    EXPECT_TRUE(changes(options, again.options).empty()) << changed.key << "\n" << print_toml(options);
  }
}

TEST(PrintToml, WritesDefaultsAsCommentsAndTheRestAsValues) {
  Options options = with_one_listener();
  options.listeners[0].port = 1884;
  const std::string text = print_toml(options);
  EXPECT_THAT(text, HasSubstr("\nport = 1884\n"));
  EXPECT_THAT(text, HasSubstr("\n# backlog = 1024\n"));
  EXPECT_THAT(text, HasSubstr("\n# memory_bytes_max = 0\n"));
  EXPECT_THAT(text, HasSubstr("\n# queue_bytes_max = \"16MiB\"\n"));
  EXPECT_THAT(text, HasSubstr("\n# will_delay_max_s = \"unlimited\"\n"));
}

TEST(PrintToml, ListsEveryOption) {
  const std::string text = print_toml(with_one_listener());
  for (const Row& row : rows()) EXPECT_THAT(text, HasSubstr("\n# " + std::string{row.key} + " = "));
}

TEST(PrintToml, WritesEveryListener) {
  const Options options = without_file(1883);
  const Loaded again = load_toml(print_toml(options), "printed");
  EXPECT_TRUE(again.problems.empty());
  EXPECT_TRUE(changes(options, again.options).empty());
}

TEST(ShippedConfiguration, IsWhatTheSchemaPrints) {
  EXPECT_EQ(contents_of("config/tombo.toml"), print_shipped())
      << "renew it with: tombo --print-shipped-config > config/tombo.toml";
}

TEST(ShippedConfiguration, ListensEverywhereForEverybodyWithoutAComplaint) {
  const Loaded loaded = load_toml(contents_of("config/tombo.toml"), "config/tombo.toml");
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.options.listeners.size(), 1U);
  EXPECT_EQ(loaded.options.listeners[0].address, "*");
  EXPECT_EQ(loaded.options.listeners[0].port, 1883);
  EXPECT_TRUE(loaded.options.allow_anonymous);
}

TEST(OptionsPage, IsWhatTheSchemaPrints) {
  EXPECT_EQ(contents_of("docs/options.md"), print_markdown())
      << "renew it with: tombo --print-options-markdown > docs/options.md";
}

TEST(OptionsPage, HasALineForEveryOption) {
  const std::string text = print_markdown();
  for (const Row& row : rows()) {
    EXPECT_THAT(text, HasSubstr("\n| `" + std::string{row.key} + "` | "));
    EXPECT_THAT(text, HasSubstr(std::string{row.what}));
  }
}

}  // namespace
}  // namespace tombo::config
