#pragma once

#include "base/result.hpp"
#include "control/inbox.hpp"
#include "control/store_operations.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace tombo::control {

/// Has the store do what takes its time: on a thread of its own, one operation at a time.  One that was begun is brought to
/// its end, even if nobody waits for it any more.
/// Lives on: the control thread; its end waits for the operation.
class StoreWorker {
 public:
  using Outcome = Result<void, std::string>;
  using Work = std::function<Outcome(StoreOperations&)>;

  StoreWorker(StoreOperations& operations, std::shared_ptr<Inbox> inbox) : operations_(operations), inbox_(std::move(inbox)) {}
  ~StoreWorker();
  StoreWorker(const StoreWorker&) = delete;
  StoreWorker& operator=(const StoreWorker&) = delete;

  const StoreOperations& operations() const { return operations_; }
  /// False: another operation has not ended.  `then` is called on the control thread, by the inbox.
  bool start(Work work, std::function<void(const Outcome&)> then);

 private:
  StoreOperations& operations_;
  std::shared_ptr<Inbox> inbox_;
  std::thread thread_;
  bool busy_ = false;
};

}  // namespace tombo::control
