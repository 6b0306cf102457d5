#pragma once

#include "base/result.hpp"
#include "bench/engine/run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::bench::engine {

/// Where one message should arrive.
enum class Spread : std::uint8_t {
  nowhere,  // no subscriber of this run
  one,      // at one known subscriber
  all,      // at every subscriber
  any,      // at exactly one of them, whichever
};

/// One client of the run, with its texts filled in.
struct ClientSpec {
  enum class Role : std::uint8_t { idle, publisher, subscriber, requester, responder };

  Role role = Role::idle;
  std::uint32_t index = 0;   // among its role
  std::uint32_t number = 0;  // what %i stands for
  std::uint32_t worker = 0;  // the thread that runs it
  std::string client_id;
  std::string user_name;
  std::string password;
  std::vector<std::string> filters;
  /// Publisher: message n goes to topics[n % size].  Empty: layout.topic is filled in for each message.
  std::vector<std::string> topics;
  /// Subscriber: the streams it should see are those whose number leaves this remainder.
  std::uint32_t modulus = 1;
  std::uint32_t remainder = 0;

  bool sends() const { return role == Role::publisher || role == Role::requester; }
  bool expects(std::uint32_t stream) const { return stream % modulus == remainder; }
};

/// What follows the stamp in a payload.
struct Tail {
  std::vector<std::uint8_t> bytes;  // the same in every message, unless `text` is set
  std::string text;                 // filled in for each message
};

/// The plan, spelled out: who connects, subscribes, sends, and what should arrive where.
struct Layout {
  std::string run_word;
  std::uint32_t stream_base = 0;  // of stamps: a run's streams are told from another's by its upper bits
  std::uint32_t streams = 0;
  std::uint32_t publishers = 0;
  std::uint32_t receivers = 0;
  Spread spread = Spread::nowhere;
  std::uint64_t copies = 0;  // deliveries of each message
  bool ordered = true;
  bool checked = true;         // payloads have a stamp
  std::size_t mark_bytes = 0;  // what the tool writes at the front of a payload
  bool open_loop = false;
  std::uint64_t messages = 0;  // of each publisher; 0: no limit.  `retained`: see messages_of()
  std::string topic;           // template, where topics differ by message
  Tail tail;
  mqtt::Qos effective_qos = mqtt::Qos::at_most_once;
  std::vector<std::uint32_t> publisher_worker;  // by publisher: its thread
  std::vector<ClientSpec> clients;              // receivers (and idle ones) first

  std::uint64_t messages_of(const Plan& plan, std::uint32_t publisher) const;
};

inline constexpr std::uint32_t kStreamsMax = 1U << 20;
/// Of `retained`: sequence numbers of one stream stay within what a StreamCheck remembers.
inline constexpr std::uint32_t kRetainedPerStream = 1U << 16;

/// What is wrong with the plan, for a person; nothing: it can be run.
std::optional<std::string> find_mistake(const Plan& plan);

Result<Layout, RunError> make_layout(const Plan& plan);

/// "10 publishers → 10 subscribers, QoS 1, 64 bytes, closed loop, window 100".
std::string describe(const Plan& plan, const Layout& layout);

}  // namespace tombo::bench::engine
