#include "control/store_worker.hpp"

#include <utility>

#include <pthread.h>

namespace tombo::control {

StoreWorker::~StoreWorker() {
  if (thread_.joinable()) thread_.join();
}

bool StoreWorker::start(Work work, std::function<void(const Outcome&)> then) {
  if (busy_) return false;
  busy_ = true;
  if (thread_.joinable()) thread_.join();  // it has posted its answer, and ends
  thread_ = std::thread([this, work = std::move(work), then = std::move(then)] {
    inbox_->post([this, then, outcome = work(operations_)] {
      busy_ = false;
      then(outcome);
    });
  });
  ::pthread_setname_np(thread_.native_handle(), "tombo-store-op");
  return true;
}

}  // namespace tombo::control
