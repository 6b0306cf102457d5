#pragma once

#include "mqtt/types.hpp"
#include "sim/plan.hpp"
#include "sim/remains.hpp"
#include "sim/trace.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace tombo::sim {

/// The world's time: one tick per turn of a shard, and the clock in milliseconds.
using Tick = std::int64_t;
inline constexpr Tick kForever = INT64_MAX;

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One message as its publisher, or the will's owner, made it.  Its payload begins with its number.
struct Message {
  // A moment at which the broker took it.  QoS 1 may be taken several times, when the publisher repeats it.
  struct Taken {
    Tick tick;
    unsigned shard;
    std::int64_t clock_ms;
    int session;
    unsigned crashes = 0;  // of the broker before
    bool acked = false;    // the publisher has heard so
    bool lost = false;     // a crash has undone it
  };
  int id = 0;
  int publisher = 0;
  std::string topic;
  std::string payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  bool has_expiry = false;
  std::uint32_t expiry_s = 0;
  mqtt::PacketId packet_id = 0;
  bool denied = false;
  bool refused = false;  // the publisher was told that it was not taken
  bool will = false;
  std::vector<Taken> taken;
};

/// One subscription from SUBSCRIBE, as the broker took it, until it was removed or replaced.
struct Subscription {
  int session = -1;
  std::string group;  // empty: plain
  std::string filter;
  mqtt::SubscribeOptions options;
  std::uint32_t id = 0;
  bool fresh = true;    // not a replacement
  int connection = -1;  // on which it was made
  Tick from = 0;
  Tick until = kForever;
  int next = -1;       // what replaced it, without a gap
  bool ended = false;  // with its session, not by UNSUBSCRIBE
};

/// One session from the CONNECT that made it until its end.
struct Session {
  struct Got {
    unsigned live = 0;      // first sendings with RETAIN as for a live message
    unsigned replayed = 0;  // with RETAIN as for a retained one
    unsigned copies = 0;    // whatever they were
    unsigned exact = 0;     // first sendings at QoS 2, as a live message
    unsigned exact_replayed = 0;
  };
  // What the store was told about it.
  struct Record {
    Tick tick = 0;
    std::int64_t left_ms = -1;  // when its client left; -1: it is there
    std::uint32_t expiry_s = 0;
    int will = -1;
    std::uint32_t will_delay_s = 0;
  };
  int client = -1;
  unsigned shard = 0;
  bool alive = true;
  std::int64_t expires_ms = kForever;  // while nobody is connected
  std::int64_t over_ms = kForever;     // after a crash: a CONNECT does not find it from then on, timer or not
  std::uint32_t expiry_s = 0;
  int connection = -1;  // -1: nobody is connected
  Tick connected_from = 0;
  int will = -1;  // message; -1: none
  std::uint32_t will_delay_s = 0;
  std::int64_t will_due_ms = kForever;
  std::map<int, Got> got;                                            // by message
  std::map<std::tuple<int, std::string, int, int>, int> newest;      // publisher, topic, QoS as sent and as got
  std::map<std::pair<std::string, std::string>, int> subscriptions;  // group, filter -> present one
  // For crashes.
  std::uint64_t number = 0;  // in the store; 0: none, or not seen
  Tick begun = 0;
  Tick ended = kForever;
  Tick known = -1;           // what its shard did for it until then is known to be on stable storage
  std::int64_t left_ms = -1;
  std::vector<Record> records;
};

struct Connection {
  int client = -1;
  mqtt::Version version = mqtt::Version::v5;
  bool clean_start = true;
  std::uint32_t expiry_s = 0;
  int will = -1;
  std::uint32_t will_delay_s = 0;
  std::uint32_t packet_max = 0xFFFF'FFFF;
  bool taken = false;    // the broker has taken its CONNECT
  bool present = false;  // CONNACK must say so
  bool over = false;
  std::int64_t over_ms = kForever;  // when the broker closed it
  bool no_will = false;  // a normal DISCONNECT was taken
  int discards = -1;     // a session that had to end before CONNECT was taken
  int session = -1;
};

/// A PUBLISH that a client received.
struct Reception {
  std::string_view topic;
  std::string_view payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  bool dup = false;
  bool fresh = true;  // false: QoS 2 under an identifier that was not released
  std::vector<std::uint32_t> subscription_ids;
  std::int64_t expiry_s = -1;
  std::size_t packet_size = 0;
};

/// What must be true of a broker, whatever the order of events.  It is told what clients send, when the broker has
/// taken it (in which turn), and what clients receive; it throws Violation at the first thing that must not be, and
/// finish() looks for what is missing.
///
/// Two events in one turn, or in turns of different shards until the letters have come, count as concurrent: then both
/// outcomes are right.
class Model {
 public:
  Model(const Plan& plan, Trace& trace) : plan_(plan), trace_(trace), turns_(plan.shards), durable_(plan.shards, -1) {}

  // --- what clients send (tables that Note::index points into)
  int add_message(Message message);
  /// A message's payload, which names it: so it comes after the message.
  void set_payload(int message, std::string payload) {
    messages_[static_cast<std::size_t>(message)].payload = std::move(payload);
  }
  int add_connection(Connection connection);
  int add_subscription(Subscription subscription);
  int add_removal(std::string group, std::string filter);
  int add_disconnect(bool keep_will, std::int64_t expiry_s);

  // --- what the broker took, in turn `tick` of `shard`
  void turn_begins(unsigned shard, Tick tick, std::int64_t clock_ms);
  void connect_taken(int connection);
  void publish_taken(int connection, int message);
  void subscribe_taken(int connection, int subscription);
  void unsubscribe_taken(int connection, int removal);
  void disconnect_taken(int connection, int disconnect);
  void connection_over(int connection);
  /// The present session of that client has this number in the store.
  void note_number(int client, std::uint64_t number);

  /// The broker has this session for the client that asks for a clean start; it ends the old one before it takes CONNECT.
  void note_discarded(int connection, std::uint64_t number);

  // --- crashes
  /// What this shard did up to that turn is on stable storage.
  void stored_up_to(unsigned shard, Tick tick) { durable_[shard] = std::max(durable_[shard], tick); }
  /// The broker is gone without a word.
  void crashed(Tick tick);
  /// It is there again: what it has must be what was promised, and is what counts from now on.
  void restarted(const Remains& remains, std::int64_t clock_ms);
  std::vector<std::string> retained_topics() const;

  // --- what clients see
  void on_connack(int connection, bool session_present);
  void on_refused(int message);
  void on_acked(int message);
  void on_subscribed(int subscription);
  void on_unsubscribed(int removal);
  void set_packet_id(int message, mqtt::PacketId id) { messages_[static_cast<std::size_t>(message)].packet_id = id; }
  void on_publish(int connection, const Reception& reception, std::int64_t clock_ms);

  // --- the end: everything is quiet, everybody has reconnected
  void finish();
  /// What a new subscriber to everything must have got as retained messages.
  void check_retained(int connection, std::int64_t asked_ms, std::int64_t clock_ms);
  /// Messages may be missing: the broker says that it had to drop some.
  void allow_missing() { missing_allowed_ = true; }

  const Message& message(int index) const { return messages_[static_cast<std::size_t>(index)]; }
  const Connection& connection(int index) const { return connections_[static_cast<std::size_t>(index)]; }
  const Subscription& subscription(int index) const { return subscriptions_[static_cast<std::size_t>(index)]; }
  std::size_t receptions() const { return receptions_; }
  std::size_t obligations() const { return obligations_; }
  /// Of those, and of sessions and subscriptions: what a crash came between.
  std::size_t kept() const { return kept_; }
  unsigned crashes() const { return crashes_; }

 private:
  struct Removal {
    std::string group;
    std::string filter;
    int session = -1;  // of which something was removed
    Tick tick = 0;
  };
  struct Disconnect {
    bool keep_will;
    std::int64_t expiry_s;  // -1: unchanged
  };
  struct Retained {
    Tick tick;
    int message;  // -1: none
    std::int64_t clock_ms;
    unsigned shard;
    bool acked = false;
  };
  // One state of a session's subscription to a filter.
  struct Version {
    Tick from;
    int subscription;  // -1: there is none
  };
  // Which subscriptions a message may have come by.
  struct Ways {
    std::vector<const Subscription*> live;
    std::vector<const Subscription*> replays;
  };
  template <class... Args>
  [[noreturn]] static void fail(fmt::format_string<Args...> format, Args&&... args) {
    throw Violation(fmt::format(format, std::forward<Args>(args)...));
  }

  Session& session(int index) { return sessions_[static_cast<std::size_t>(index)]; }
  Session& session_of(int connection);
  void publish_now(int message, int by_session);
  void publish_will(Session& session);
  void end_session(int index);
  void leave_session(int index, bool keep_will);
  Tick reaches(const Message::Taken& taken, unsigned shard) const;
  static bool may_be_own(const Message& message, const Session& session, const Subscription& subscription);
  bool could_see(const Message& message, const Subscription& subscription, const Session& session) const;
  bool could_replay(const Message& message, const Subscription& subscription, int session_index) const;
  Ways ways(const Message& message, int session_index) const;
  int message_of(const Reception& reception) const;
  void check_form(const Message& message, const Connection& to, const Reception& reception, const Ways& ways,
                  std::int64_t clock_ms) const;
  void check_count(const Message& message, int session_index, const Reception& reception, const Ways& ways);
  void check_order(const Message& message, Session& to, const Reception& reception, const Ways& found, std::int64_t clock_ms);
  void finish_session(int index);
  void finish_groups();
  bool stays(int subscription, Tick after, int& qos_min) const;
  bool may_be_too_large(const Message& message, const Session& to) const;
  // model_crash.cpp
  void record(Session& session) const;
  Tick durable_for(const Session& session) const;
  void prove(int session, Tick tick);
  bool may_be_lost(const Message::Taken& taken) const { return !taken.acked && taken.crashes < crashes_; }
  bool crossed(const Message& message) const { return message.taken.front().crashes < crashes_; }
  int session_for(const Remains::Session& kept) const;
  void lose_session(int index);
  void keep_session(int index, const Remains::Session& kept);
  void keep_times(Session& session, const Remains::Session& kept, Tick durable);
  bool fits(const Session::Record& record, const Remains::Session& kept) const;
  void keep_subscriptions(int index, const Remains::Session& kept, Tick durable);
  void keep_subscription(int index, const std::pair<std::string, std::string>& key,
                         const Remains::Subscription* kept, Tick durable);
  std::vector<Version> versions_of(int session, const std::pair<std::string, std::string>& key) const;
  void keep_exchanges(int index, const Remains::Session& kept);
  void keep_retained(const std::string& topic, const std::string* payload);

  const Plan& plan_;
  Trace& trace_;
  std::vector<std::vector<Tick>> turns_;  // per shard
  Tick now_ = 0;
  unsigned shard_ = 0;
  std::int64_t clock_ms_ = 0;
  std::vector<Message> messages_;
  std::vector<Connection> connections_;
  std::vector<Subscription> subscriptions_;
  std::vector<Removal> removals_;
  std::vector<Disconnect> disconnects_;
  std::vector<Session> sessions_;
  std::vector<int> session_of_client_;  // present session, -1: none
  std::map<std::string, std::vector<Retained>> retained_;
  std::size_t receptions_ = 0;
  std::size_t obligations_ = 0;
  std::size_t kept_ = 0;
  unsigned crashes_ = 0;
  std::vector<Tick> durable_;  // per shard
  bool missing_allowed_ = false;
};

}  // namespace tombo::sim
