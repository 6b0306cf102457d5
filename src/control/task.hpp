#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "broker/core.hpp"
#include "control/inbox.hpp"
#include "control/protocol.hpp"
#include "control/reloaded.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::auth::acl {
class Explainer;
}

namespace tombo::control {

class StoreWorker;

/// What tasks use.
/// Lives on: the control thread; outlives every task.
struct Context {
  broker::Core& core;
  std::shared_ptr<Inbox> inbox;
  log::Logger logger;
  log::Logger::Levels* levels = nullptr;                           // null: cannot be changed
  std::function<void(std::function<void(Reloaded)>)> reload = {};  // on main's thread; empty: cannot be done
  StoreWorker* store = nullptr;                                    // null: nothing is kept
  const auth::acl::Explainer* rules = nullptr;                     // null: cannot be asked

  MonoTime now() const { return core.clock().mono(); }
};

/// One request while it is worked on: makes pages, one each time it is told to go on, as slowly as they are read.
/// What it wants to know of a shard it asks by letter, a bounded piece at a time, and the answer comes by the inbox;
/// if the task has gone by then, nobody hears it.
/// Lives on: the control thread.
class Task : public std::enable_shared_from_this<Task> {
 public:
  /// Who takes the pages.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void on_page(const Json& body, bool more) = 0;
    virtual void on_error(const Error& error) = 0;
  };

  explicit Task(Context& context) : context_(context) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  void begin(Reader& reader, std::string who) {
    reader_ = &reader;
    who_ = std::move(who);
  }
  /// Makes the next page, now or when answers have come: ends in one page() or fail().
  virtual void proceed() = 0;

  /// When ring() wants to be called; kNever if it sleeps on nothing.
  MonoTime alarm() const { return alarm_; }
  /// When the last letter went out.
  MonoTime asked_at() const { return asked_at_; }
  void ring() {
    alarm_ = kNever;
    proceed();
  }

 protected:
  /// `more`: proceed() shall be called again.
  void page(const Json& body, bool more) { reader_->on_page(body, more); }
  void result(Json result) { page(Json{{"result", std::move(result)}}, false); }
  void fail(ErrorCode code, std::string text) { reader_->on_error({code, std::move(text)}); }
  /// proceed() is to be called again at that time.
  void sleep_until(MonoTime time) { alarm_ = time; }

  /// Has `work(Shard&)` done in a turn of the shard, and `then(answer)` here.
  template <class Work, class Then>
  void ask(routing::ShardId shard, Work work, Then then) {
    std::weak_ptr<Task> me = weak_from_this();
    asked_at_ = context_.now();
    context_.core.mailbox(shard).post_call(
        [me, inbox = context_.inbox, work = std::move(work), then = std::move(then)](broker::Shard& there) {
          if (me.expired()) return;
          auto answer = std::make_shared<decltype(work(there))>(work(there));
          inbox->post([me, then, answer] {
            if (const auto task = me.lock()) then(std::move(*answer));
          });
        });
  }
  /// The same for the home of a client id; false, and the task has failed, if it has none.
  template <class Work, class Then>
  bool ask_home(const std::string& client_id, Work work, Then then) {
    routing::ShardId home = 0;
    if (context_.core.directory.find(client_id, home)) {
      ask(home, std::move(work), std::move(then));
      return true;
    }
    fail(ErrorCode::not_found, "there is no session of client " + excerpt(client_id));
    return false;
  }

  broker::Core& core() { return context_.core; }
  Context& context() { return context_; }
  const std::string& who() const { return who_; }

 private:
  Context& context_;
  Reader* reader_ = nullptr;
  std::string who_;  // for the log: "uid=0 pid=4711"
  MonoTime alarm_ = kNever;
  MonoTime asked_at_{};
};

}  // namespace tombo::control
