#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tombo::config {

// What the texts of a [[bridge]] mean; who checks them and who follows them read them here.

/// An entry of `topics`.
struct BridgeTopic {
  enum class Direction : std::uint8_t { out, in, both };
  std::string filter;         // empty: one topic, which is the local prefix here and the remote prefix there
  Direction direction = Direction::out;
  std::uint8_t qos = 0;
  std::string local_prefix;   // in front of what the filter matches, in this broker
  std::string remote_prefix;  // in the other one

  bool goes_out() const { return direction != Direction::in; }
  bool comes_in() const { return direction != Direction::out; }
  std::string local_filter() const { return local_prefix + filter; }
  std::string remote_filter() const { return remote_prefix + filter; }
};
/// "FILTER [out|in|both] [QOS] [LOCAL-PREFIX] [REMOTE-PREFIX]"; the error says in words what is wrong.
Result<BridgeTopic, std::string> parse_bridge_topic(std::string_view text);

/// An entry of `addresses`.
struct BridgeAddress {
  std::string host;
  std::uint16_t port = 0;  // 0: not named, so the usual one
};
/// "host", "host:port", "192.0.2.1:1884" or "[2001:db8::1]:1884".
Result<BridgeAddress, std::string> parse_bridge_address(std::string_view text);

/// Bytes of a key in hex; nothing if it is none.
bool parse_hex(std::string_view text, std::string& bytes);

}  // namespace tombo::config
