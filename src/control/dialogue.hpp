#pragma once

#include "control/limits.hpp"
#include "control/task.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tombo::control {

/// One connection to the control socket, without the socket: bytes in, bytes out.  One request is worked on at a time;
/// the others wait in the input, which is bounded, as is the output.
/// Lives on: the control thread.
class Dialogue final : private Task::Reader {
 public:
  Dialogue(Context& context, const Limits& limits, std::string who);
  ~Dialogue() override;

  void receive(std::string_view bytes);
  /// No more will come; what is there is answered, then it wants to be closed.
  void end_of_input();
  /// Whether bytes that have arrived should be read.
  bool wants_bytes() const { return !closing_ && !ended_ && in_.size() <= limits_.request_bytes_max; }
  /// To be written; sent() says how much of it was.
  std::string_view out() const { return std::string_view(out_).substr(sent_); }
  void sent(std::size_t bytes);
  /// Says why and wants to be closed.
  void refuse(const Error& error);
  /// Wants to be closed when out() is written.
  bool closing() const { return closing_; }
  /// Has waited too long for its peer.
  bool overdue() const;
  /// When tick() wants to be called at the latest.
  MonoTime next_due() const;
  void tick();
  /// After answers have come.
  void go_on();

 private:
  void on_page(const Json& body, bool more) override;
  void on_error(const Error& error) override;
  void write(const std::string& line);
  bool next_request();
  MonoTime answer_due() const;
  void start(const Request& request);

  Context& context_;
  const Limits& limits_;
  std::string who_;
  std::string in_;
  std::string out_;
  std::size_t sent_ = 0;  // of out_
  Json id_;               // of the request that is worked on
  std::shared_ptr<Task> task_;
  bool waiting_ = false;   // the task makes a page
  bool finished_ = false;  // the task has made its last one
  bool ended_ = false;     // the peer will send nothing more
  bool closing_ = false;
  MonoTime waits_since_;   // the task for answers
  MonoTime peer_since_;    // the peer last did something
};

}  // namespace tombo::control
