#include "control/dialogue.hpp"

#include "control/commands.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::control {

Dialogue::Dialogue(Context& context, const Limits& limits, std::string who)
    : context_(context), limits_(limits), who_(std::move(who)), waits_since_(context.now()), peer_since_(waits_since_) {}

Dialogue::~Dialogue() = default;

void Dialogue::receive(std::string_view bytes) {
  if (closing_) return;
  in_ += bytes;
  go_on();
}

void Dialogue::end_of_input() {
  ended_ = true;
  go_on();
}

void Dialogue::sent(std::size_t bytes) {
  peer_since_ = context_.now();
  sent_ += bytes;
  if (sent_ < out_.size()) return;
  out_.clear();
  sent_ = 0;
}

void Dialogue::write(const std::string& line) {
  if (out_.empty()) peer_since_ = context_.now();
  out_ += line;
}

void Dialogue::refuse(const Error& error) {
  write(error_line(id_, error));
  closing_ = true;
  in_.clear();
}

/// Works on what there is: the task as long as its reader keeps up, then the next request.
void Dialogue::go_on() {
  while (!closing_) {
    if (std::exchange(finished_, false)) {
      task_.reset();
      id_ = nullptr;
      peer_since_ = context_.now();
    }
    if (task_ == nullptr) {
      if (!next_request()) return;
      continue;
    }
    if (waiting_ || out().size() >= limits_.output_bytes) return;
    waiting_ = true;
    waits_since_ = context_.now();
    task_->proceed();
  }
}

bool Dialogue::next_request() {
  const std::size_t end = in_.find('\n');
  if (std::min(end, in_.size()) > limits_.request_bytes_max) {
    refuse({ErrorCode::too_large, fmt::format("a request has at most {} bytes", limits_.request_bytes_max)});
    return false;
  }
  if (end == std::string::npos) {
    closing_ = ended_;
    return false;
  }
  const std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  peer_since_ = context_.now();
  if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
  id_ = nullptr;
  const auto request = parse_request(line, id_);
  if (request) {
    start(*request);
  } else {
    write(error_line(id_, request.error()));
  }
  return true;
}

void Dialogue::start(const Request& request) {
  const Command* command = find_command(request.command);
  if (command == nullptr) {
    const Error error{ErrorCode::unknown_command, fmt::format("there is no command '{}'", excerpt(request.command))};
    return write(error_line(id_, error));
  }
  Arguments arguments(request.arguments);
  auto task = command->make(context_, arguments);
  if (auto problem = arguments.problem()) {
    return write(error_line(id_, {ErrorCode::bad_argument, std::move(*problem)}));
  }
  task->begin(*this, who_);
  task_ = std::move(task);
}

void Dialogue::on_page(const Json& body, bool more) {
  waiting_ = false;
  finished_ = !more;
  const auto rows = body.find("rows");
  const bool says_nothing = more && rows != body.end() && rows->empty();
  if (!says_nothing) write(page_line(id_, body, more));
}

void Dialogue::on_error(const Error& error) {
  waiting_ = false;
  finished_ = true;
  write(error_line(id_, error));
}

bool Dialogue::overdue() const {
  const MonoTime now = context_.now();
  if (!out().empty()) return now >= peer_since_ + limits_.slow_reader;
  return task_ == nullptr && now >= peer_since_ + limits_.idle;
}

MonoTime Dialogue::answer_due() const { return std::max(waits_since_, task_->asked_at()) + limits_.answer; }

MonoTime Dialogue::next_due() const {
  const MonoTime peer = !out().empty() ? peer_since_ + limits_.slow_reader : peer_since_ + limits_.idle;
  if (task_ == nullptr) return peer;
  const MonoTime task = task_->alarm() != kNever ? task_->alarm() : answer_due();
  return out().empty() ? task : std::min(peer, task);
}

void Dialogue::tick() {
  if (task_ == nullptr || !waiting_ || finished_) return;
  const MonoTime now = context_.now();
  if (task_->alarm() != kNever) {
    if (now < task_->alarm()) return;
    waits_since_ = now;
    task_->ring();
  } else if (now >= answer_due()) {
    on_error({ErrorCode::timeout, "a shard does not answer"});
  }
  go_on();
}

}  // namespace tombo::control
