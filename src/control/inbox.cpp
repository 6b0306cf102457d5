#include "control/inbox.hpp"

#include "base/assert.hpp"

#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace tombo::control {

Inbox::Inbox() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { TOMBO_ASSERT(descriptor_ >= 0); }

Inbox::~Inbox() { ::close(descriptor_); }

void Inbox::post(std::function<void()> answer) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    answers_.push_back(std::move(answer));
    if (answers_.size() > 1) return;  // the bell has been rung
  }
  ring();
}

void Inbox::ring() { static_cast<void>(::eventfd_write(descriptor_, 1)); }

bool Inbox::run() {
  eventfd_t ignored = 0;
  static_cast<void>(::eventfd_read(descriptor_, &ignored));
  std::vector<std::function<void()>> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
  }
  for (const auto& answer : answers) answer();
  return !answers.empty();
}

void Inbox::close() {
  std::vector<std::function<void()>> forgotten;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  forgotten.swap(answers_);
}

}  // namespace tombo::control
