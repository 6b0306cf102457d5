#include "app/orders.hpp"

#include "base/assert.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace tombo::app {

Orders::Orders() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { TOMBO_ASSERT(descriptor_ >= 0); }

Orders::~Orders() { ::close(descriptor_); }

void Orders::post(std::function<void()> order) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(order));
  }
  static_cast<void>(::eventfd_write(descriptor_, 1));
}

void Orders::run() {
  eventfd_t ignored = 0;
  static_cast<void>(::eventfd_read(descriptor_, &ignored));
  std::vector<std::function<void()>> orders;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(waiting_);
  }
  for (const auto& order : orders) order();
}

}  // namespace tombo::app
