#include "unit_store/arrange.hpp"
#include "unit_store/temp_dir.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace tombo::store {
namespace {

namespace fs = std::filesystem;

/// A file system of 16 MiB, if this process may mount one.
class SmallDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::mount("none", dir_.path().c_str(), "tmpfs", 0, "size=16m") != 0)
      GTEST_SKIP() << "no file system can be mounted here: " << std::strerror(errno);
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  /// Takes all but so much of the space.
  void leave(std::size_t bytes) {
    const std::size_t room = fs::space(dir_.path()).available;
    std::ofstream(filler(), std::ios::app) << std::string(room > bytes ? room - bytes : 0, 'x');
  }
  void give_back() { fs::remove(filler()); }
  std::string filler() const { return dir_.path() + "/filler"; }
  std::string store() const { return dir_.path() + "/store"; }

  /// Writes rows until one is refused; gives the number behind the last that was acknowledged.
  unsigned write_until_refused(Engine& engine, unsigned next, EngineError& error) {
    for (;; ++next) {
      const auto written = engine.write(put(numbered(next), value(next)), true);
      if (written) continue;
      error = written.error();
      return next;
    }
  }
  static std::string value(unsigned number) {
    std::string text = numbered(number);
    for (unsigned seed = number; text.size() < 1'000; seed = seed * 1'664'525 + 1'013'904'223)
      text += static_cast<char>(seed >> 24);
    return text;
  }
  void expect_rows(const Engine& engine, unsigned count) {
    const Rows rows = rows_of(engine);
    ASSERT_GE(rows.size(), count);
    for (unsigned i = 0; i < count; ++i) ASSERT_EQ(rows[i], Rows::value_type(numbered(i), value(i)));
  }

 private:
  TempDir dir_;
  bool mounted_ = false;
};

TEST_F(SmallDisk, ThatIsFullComesBackToLifeWhenThereIsRoom) {
  unsigned next = 0;
  {
    const Opened opened_store = opened({store()});
    Engine& engine = *opened_store.engine;
    // Full while the log grows, and full while tables are written.
    for (const std::size_t room : {std::size_t{100'000}, std::size_t{3'000'000}, std::size_t{2'200'000}}) {
      leave(room);
      EngineError error;
      next = write_until_refused(engine, next, error);
      EXPECT_EQ(error.kind, EngineError::Kind::no_space) << error.text;
      EXPECT_THAT(error.text, ::testing::HasSubstr("No space left on device"));
      for (int tries = 0; tries < 3; ++tries) {
        if (engine.recover()) next = write_until_refused(engine, next, error);
        expect_rows(engine, next);  // reading goes on
      }
      give_back();
      const auto recovered = engine.recover();
      ASSERT_TRUE(recovered) << recovered.error().text;
      expect_rows(engine, next);
      for (unsigned i = 0; i < 100; ++i, ++next) expect_written(engine, put(numbered(next), value(next)));
    }
    expect_rows(engine, next);
  }
  const Opened again = opened({store()});
  EXPECT_THAT(again.warnings, ::testing::IsEmpty());
  expect_rows(*again.engine, next);
}

TEST_F(SmallDisk, ThatIsFullAtTheStartIsTold) {
  { expect_written(*opened({store()}).engine, put("a", "1")); }
  leave(0);
  const auto refused = open_engine({store()});
  if (!refused) {
    EXPECT_EQ(refused.error().kind, EngineError::Kind::no_space) << refused.error().text;
  }
  give_back();
  EXPECT_EQ(rows_of(*opened({store()}).engine), (Rows{{"a", "1"}}));
}

}  // namespace
}  // namespace tombo::store
