#include "unit_store/arrange.hpp"
#include "unit_store/temp_dir.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace tombo::store {
namespace {

using namespace std::chrono_literals;

/// A process that writes numbered records until it is killed.
class Writer {
 public:
  Writer(const std::string& directory, unsigned first) {
    const std::string number = std::to_string(first);
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl(NUMBERS_WRITER, NUMBERS_WRITER, directory.c_str(), number.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    acknowledged_ = ends[0];
  }
  /// Kills it after it has acknowledged `count` and then gone on for some time; gives how many records it acknowledged.
  unsigned kill_after(unsigned count, std::chrono::microseconds more) {
    unsigned got = 0;
    while (got < count && read_one()) ++got;
    std::this_thread::sleep_for(more);
    ::kill(process_, SIGKILL);
    while (read_one()) ++got;
    ::close(acknowledged_);
    ::waitpid(process_, nullptr, 0);
    return got;
  }

 private:
  bool read_one() const {
    std::uint32_t number = 0;
    return ::read(acknowledged_, &number, sizeof number) == sizeof number;
  }
  pid_t process_ = 0;
  int acknowledged_ = -1;
};

TEST(KilledStore, KeepsEverythingThatWasAcknowledged) {
  const TempDir dir;
  unsigned next = 0;
  // 2,000 records of 2 kB fill two write buffers, so kills meet flushes and compactions, too.
  for (int round = 0; round < 5; ++round) {
    const unsigned acknowledged = next + Writer(dir.path(), next).kill_after(700, 1ms * (3 * round + 1));
    ASSERT_GT(acknowledged, next + 600);
    const Opened store = opened({dir.path()});
    EXPECT_THAT(store.warnings, ::testing::IsEmpty());
    const Rows rows = rows_of(*store.engine, "0", "l");
    ASSERT_GE(rows.size(), acknowledged);
    EXPECT_LE(rows.size(), acknowledged + 1) << "what was written and not told yet";
    for (unsigned i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i].first, numbered(i));
    std::string last;
    ASSERT_TRUE(store.engine->get("last", last).value());
    EXPECT_EQ(last, rows.back().first) << "a batch takes effect as a whole";
    next = static_cast<unsigned>(rows.size());
  }
}

}  // namespace
}  // namespace tombo::store
