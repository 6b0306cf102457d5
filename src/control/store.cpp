#include "control/commands.hpp"
#include "control/limits.hpp"
#include "control/store_worker.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace tombo::control {

namespace {

/// Something that the store takes its time for.  While it lasts its reader gets a page now and then: who hears nothing for
/// long takes the broker for dead.
class OperateStore : public Task {
 public:
  OperateStore(Context& context, std::string what, StoreWorker::Work work, Json said)
      : Task(context), what_(std::move(what)), work_(std::move(work)), said_(std::move(said)) {}

  void proceed() override {
    if (!begun_) return begin_work();
    if (context().now() >= next_word_) {
      next_word_ = context().now() + kStoreWord;
      return page(Json{{"progress", Json{{"seconds", seconds()}}}}, true);
    }
    sleep_until(next_word_);
  }

 private:
  void begin_work() {
    if (context().store == nullptr) return fail(ErrorCode::refused, "this broker keeps nothing: [persistence] names no directory");
    begun_at_ = context().now();
    std::weak_ptr<Task> me = weak_from_this();
    // The log is told also when nobody waits any more.
    const bool started = context().store->start(work_, [this, me, &all = context(), what = what_, by = who(), at = begun_at_](const auto& outcome) {
      const auto seconds_taken = (all.now() - at) / Milliseconds{1000};
      if (outcome) {
        all.logger.info("control: {} seconds={} {}", what, seconds_taken, by);
      } else {
        all.logger.error("control: {} failed: {} {}", what, outcome.error(), by);
      }
      if (const auto task = me.lock()) take(outcome);
    });
    if (!started) return fail(ErrorCode::refused, "the store is busy with another backup or compaction; try again later");
    begun_ = true;
    next_word_ = begun_at_ + kStoreWord;
    sleep_until(next_word_);
  }

  void take(const StoreWorker::Outcome& outcome) {
    sleep_until(kNever);
    if (!outcome) return fail(ErrorCode::refused, outcome.error());
    said_["seconds"] = seconds();
    result(std::move(said_));
  }
  std::int64_t seconds() { return (context().now() - begun_at_) / Milliseconds{1000}; }

  std::string what_;  // for the log, when it is done
  StoreWorker::Work work_;
  Json said_;
  bool begun_ = false;
  MonoTime begun_at_{};
  MonoTime next_word_{};
};

}  // namespace

std::shared_ptr<Task> back_up_store(Context& context, Arguments& arguments) {
  const std::string directory = arguments.needed_text("directory");
  // A relative one would be looked for where the broker was started.
  if (!std::filesystem::path(directory).is_absolute()) arguments.refuse("'directory' has to be an absolute path");
  return std::make_shared<OperateStore>(
      context, fmt::format("store copied directory={}", excerpt(directory)),
      [directory](StoreOperations& store) { return store.backup(directory); }, Json{{"directory", directory}});
}

std::shared_ptr<Task> compact_store(Context& context, Arguments&) {
  return std::make_shared<OperateStore>(context, "store compacted", [](StoreOperations& store) { return store.compact(); }, Json::object());
}

}  // namespace tombo::control
