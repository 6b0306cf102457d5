#pragma once

#include "base/result.hpp"
#include "mqtt/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::store {

/// Where and why a file is not what it says it is.
struct FileMistake {
  std::size_t offset = 0;
  std::string text;
};

/// What a mosquitto.db holds (Mosquitto 1.6 and 2.0: versions 5 and 6 of its format), taken apart and checked: every text is
/// valid, every name names something.  Borrows from the file's bytes.
struct MosquittoFile {
  struct Client {
    std::string_view id;
    std::string_view user_name;
    std::uint32_t expiry_s = 0;    // kSessionNeverExpires: never
    std::int64_t expires_at = 0;   // when its session ends; 0: never, or its client is connected
  };
  struct Subscription {
    std::string_view client;
    std::string_view filter;
    mqtt::SubscribeOptions options;
    std::uint32_t subscription_id = 0;
  };
  struct Message {
    std::string_view topic;
    mqtt::Bytes payload;
    mqtt::Bytes properties;  // without the length in front
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool retain = false;
    std::int64_t expires_at = 0;  // 0: never
  };
  /// Where the exchange of one message with one client stands.
  enum class State : std::uint8_t {
    queued,    // was not sent
    sent,      // under its packet identifier
    released,  // QoS 2: the client has it, PUBCOMP is missing
    received,  // QoS 2 from the client, which has not released it: Mosquitto has told nobody yet
    done,      // nothing is left to do that the client would not ask for
  };
  struct Exchange {
    std::string_view client;
    std::uint64_t message = 0;  // of messages
    mqtt::PacketId packet_id = 0;
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool retain = false;
    State state = State::queued;
    std::vector<std::uint32_t> subscription_ids;
  };

  unsigned version = 0;
  std::vector<Client> clients;
  std::vector<Subscription> subscriptions;
  std::unordered_map<std::uint64_t, Message> messages;  // by Mosquitto's own number
  std::vector<Exchange> exchanges;                      // in the order of sending, client by client
  std::vector<std::uint64_t> retained;                  // of messages
};

/// Whether the bytes begin as such a file does.
bool is_mosquitto_file(std::string_view bytes);

Result<MosquittoFile, FileMistake> read_mosquitto_file(std::string_view bytes);

}  // namespace tombo::store
