#include "control/store_worker.hpp"
#include "unit_control/talk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include <poll.h>

// Backup and compaction of a running broker's store: what may block does so on another thread.

namespace tombo::test {

using control::StoreOperations;
using control::StoreWorker;

namespace {

/// Does nothing until it is told to go on.
class SlowStore final : public StoreOperations {
 public:
  Result<void, std::string> backup(const std::string& directory) override {
    const auto outcome = wait();
    const std::lock_guard lock(mutex_);
    directory_ = directory;
    return outcome;
  }
  Result<void, std::string> compact() override { return wait(); }
  store::EngineFigures figures() const override { return {1000, 2000}; }

  /// The operation that runs, or the next one, ends; with the problem, if there is one.
  void let_go(std::string problem = {}) {
    const std::lock_guard lock(mutex_);
    ++may_end_;
    problem_ = std::move(problem);
    changed_.notify_all();
  }
  /// Until as many operations have begun.
  void wait_for(int begun) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ >= begun; });
  }
  std::thread::id thread() {
    const std::lock_guard lock(mutex_);
    return thread_;
  }
  std::string directory() {
    const std::lock_guard lock(mutex_);
    return directory_;
  }

 private:
  Result<void, std::string> wait() {
    std::unique_lock lock(mutex_);
    thread_ = std::this_thread::get_id();
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return may_end_ > 0; });
    --may_end_;
    if (!problem_.empty()) return Failure{problem_};
    return {};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0;
  int may_end_ = 0;
  std::string problem_;
  std::string directory_;
  std::thread::id thread_;
};

/// A talk with a broker that keeps something.
struct Kept {
  VirtualBroker broker;
  SlowStore store;
  Talk talk{broker};
  StoreWorker worker{store, talk.context().inbox};

  Kept() { talk.context().store = &worker; }
  ~Kept() { talk.context().store = nullptr; }

  /// The answer that the operation's thread posts.
  std::vector<Json> answer() {
    pollfd bell{talk.context().inbox->descriptor(), POLLIN, 0};
    EXPECT_EQ(::poll(&bell, 1, 30'000), 1);
    return talk.say("");
  }
  std::string begin(const std::string& command, Json arguments = Json::object()) {
    const auto lines = talk.pages(command, std::move(arguments));
    return lines.empty() ? "" : Talk::error_of(lines.back());
  }
};

}  // namespace

TEST(StoreCommands, BackUpOnAThreadOfTheirOwn) {
  Kept kept;
  EXPECT_EQ(kept.begin("store.backup", {{"directory", "/backups/monday"}}), "");
  kept.store.wait_for(1);
  EXPECT_NE(kept.store.thread(), std::this_thread::get_id());
  kept.broker.advance(Seconds{3});
  kept.store.let_go();
  const auto lines = kept.answer();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["result"], (Json{{"directory", "/backups/monday"}, {"seconds", 3}}));
  EXPECT_EQ(kept.store.directory(), "/backups/monday");
}

TEST(StoreCommands, TellThatTheyLiveWhileTheyLast) {
  Kept kept;
  EXPECT_EQ(kept.begin("store.compact"), "");
  kept.store.wait_for(1);
  for (int word = 1; word <= 5; ++word) {
    EXPECT_EQ(kept.talk.dialogue().next_due(), kept.talk.context().now() + control::kStoreWord);
    kept.broker.advance(control::kStoreWord);
    kept.talk.dialogue().tick();
    const auto lines = kept.talk.say("");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0]["progress"]["seconds"], 5 * word);
    EXPECT_EQ(lines[0]["more"], true);
  }
  kept.store.let_go();
  const auto lines = kept.answer();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["result"]["seconds"], 25);
  EXPECT_EQ(lines[0]["more"], false);
}

TEST(StoreCommands, AreDoneOneAtATime) {
  Kept kept;
  EXPECT_EQ(kept.begin("store.compact"), "");
  Talk other(kept.broker);
  other.context().store = &kept.worker;
  EXPECT_EQ(other.error("store.backup", {{"directory", "/b"}}), "refused");
  kept.store.let_go();
  EXPECT_EQ(kept.answer().size(), 1u);
  EXPECT_EQ(kept.begin("store.backup", {{"directory", "/b"}}), "");
  kept.store.let_go();
  EXPECT_EQ(kept.answer().size(), 1u);
}

TEST(StoreCommands, TellWhyTheyFailed) {
  Kept kept;
  EXPECT_EQ(kept.begin("store.backup", {{"directory", "/b"}}), "");
  kept.store.let_go("/b is not empty");
  const auto lines = kept.answer();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(Talk::error_of(lines[0]), "refused");
  EXPECT_EQ(lines[0]["error"]["text"], "/b is not empty");
}

TEST(StoreCommands, AreBroughtToTheirEndWhenNobodyWaits) {
  Kept kept;
  const control::Limits limits;
  {
    control::Dialogue gone(kept.talk.context(), limits, "uid=0");
    gone.receive(Talk::request("store.backup", {{"directory", "/b"}}));
    kept.store.wait_for(1);
  }
  EXPECT_EQ(Talk::error_of(kept.talk.answer("store.compact")), "refused");
  kept.store.let_go();
  EXPECT_TRUE(kept.answer().empty());
  EXPECT_EQ(kept.store.directory(), "/b");
  EXPECT_EQ(kept.begin("store.compact"), "");
  kept.store.let_go();
  EXPECT_EQ(kept.answer().size(), 1u);
}

TEST(StoreCommands, NeedAStoreAndAnAbsolutePath) {
  Kept kept;
  EXPECT_EQ(kept.begin("store.backup", {{"directory", "b"}}), "bad_argument");
  EXPECT_EQ(kept.begin("store.backup"), "bad_argument");
  VirtualBroker forgetful;
  Talk talk(forgetful);
  EXPECT_EQ(talk.error("store.backup", {{"directory", "/b"}}), "refused");
  EXPECT_EQ(talk.error("store.compact"), "refused");
}

TEST(StoreCommands, StatusHasTheStoresFigures) {
  Kept kept;
  EXPECT_EQ(kept.talk.result("status")["store"], (Json{{"bytes_on_disk", 1000}, {"bytes_written", 2000}}));
  VirtualBroker forgetful;
  EXPECT_TRUE(Talk(forgetful).result("status")["store"].is_null());
}

TEST(StoreCommands, AServerThatStopsWaitsForTheOperation) {
  VirtualBroker broker;
  SlowStore store;
  const auto inbox = std::make_shared<control::Inbox>();
  bool told = false;
  {
    StoreWorker worker(store, inbox);
    ASSERT_TRUE(worker.start([](StoreOperations& operations) { return operations.compact(); }, [&](const auto&) { told = true; }));
    store.wait_for(1);
    inbox->close();
    store.let_go();
  }
  EXPECT_FALSE(inbox->run());
  EXPECT_FALSE(told);
}

}  // namespace tombo::test
