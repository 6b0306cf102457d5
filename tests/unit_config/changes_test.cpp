#include "config/load.hpp"
#include "base/nearest.hpp"
#include "config/schema.hpp"
#include "unit_config/perturb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tombo::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Changes, AreNoneBetweenEqualOptions) {
  EXPECT_THAT(changes(without_file(1), without_file(1)), IsEmpty());
}

TEST(Changes, TellEveryOptionAndWhetherItNeedsARestart) {
  for (const Row& row : rows()) {
    if (row.key == "address" || row.key == "port") continue;              // make it another listener
    if (row.key == "name") continue;                                      // or another plugin or bridge
    Options wanted = with_one_listener();
    void* object = object_of(wanted, row.section, 0);
    row.set(object, another_value(row, row.get(object)));
    const auto found = changes(with_one_listener(), wanted);
    ASSERT_THAT(found, SizeIs(1)) << row.key;
    EXPECT_TRUE(found[0].key.ends_with(row.key)) << found[0].key;
    EXPECT_EQ(found[0].needs_restart, row.reload == Reload::restart) << row.key;
  }
}

TEST(Changes, TellOldAndNewValueAsTheyAreWritten) {
  Options wanted;
  wanted.limits.queue_bytes_max = 1024 * 1024;
  const auto found = changes(Options{}, wanted);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].key, "limits.queue_bytes_max");
  EXPECT_EQ(found[0].from, "\"16MiB\"");
  EXPECT_EQ(found[0].to, "\"1MiB\"");
}

TEST(NeedsRestart, NamesListenersThatCameOrWent) {
  Options wanted = without_file(1883);
  wanted.listeners[1].address = "*";
  wanted.listeners[1].port = 1884;
  EXPECT_THAT(needs_restart(without_file(1883), wanted),
              ElementsAre("listener [::1]:1883", "listener *:1884"));
}

TEST(NeedsRestart, DoesNotMindTheOrderOfListeners) {
  Options swapped = without_file(1883);
  std::swap(swapped.listeners[0], swapped.listeners[1]);
  EXPECT_THAT(needs_restart(without_file(1883), swapped), IsEmpty());
}

TEST(NeedsRestart, LeavesOutWhatIsTakenOverAtOnce) {
  Options wanted = without_file(1883);
  wanted.limits.queue_messages_max = 7;
  wanted.threads = 7;
  wanted.listeners[0].qos_max = 0;
  EXPECT_THAT(needs_restart(without_file(1883), wanted), ElementsAre("threads"));
}

TEST(Reloadable, TakesOverAllThatNeedsNoRestart) {
  Options wanted = without_file(1883);
  wanted.threads = 7;
  wanted.sys.interval_s = 3;
  wanted.listeners[0].qos_max = 0;
  wanted.listeners[0].backlog = 5;
  wanted.listeners[1].port = 1884;
  const Options result = reloadable(without_file(1883), wanted);
  EXPECT_EQ(result.threads, 0U);
  EXPECT_EQ(result.sys.interval_s, 3U);
  ASSERT_THAT(result.listeners, SizeIs(2));
  EXPECT_EQ(result.listeners[0].qos_max, 0);
  EXPECT_EQ(result.listeners[0].backlog, Listener{}.backlog);
  EXPECT_EQ(result.listeners[1].port, 1883);
  EXPECT_THAT(needs_restart(without_file(1883), result), IsEmpty());
}

TEST(Nearest, FindsSwappedMissingAndSurplusLetters) {
  constexpr std::array<std::string_view, 3> kWords{"port", "address", "backlog"};
  EXPECT_EQ(nearest("prot", kWords), "port");
  EXPECT_EQ(nearest("adress", kWords), "address");
  EXPECT_EQ(nearest("backlogg", kWords), "backlog");
  EXPECT_EQ(nearest("back", kWords), "backlog");
}

TEST(Nearest, FindsNothingForWhatIsNearNothing) {
  constexpr std::array<std::string_view, 2> kWords{"port", "address"};
  EXPECT_EQ(nearest("persistence", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), kWords), "");
}

}  // namespace
}  // namespace tombo::config
