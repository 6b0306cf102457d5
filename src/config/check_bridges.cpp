#include "config/bridge_words.hpp"
#include "config/draft.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace tombo::config {

namespace {

class BridgeCheck {
 public:
  BridgeCheck(Draft& draft, std::size_t index) : draft_(draft), index_(index), bridge_(draft.options.bridges[index]) {}

  void run() {
    check_name();
    check_addresses();
    check_topics();
    check_tls();
    check_rest();
  }

 private:
  void error(std::string_view key, std::string message) {
    draft_.error(draft_.place_of(Section::bridge, key, index_), fmt::format("'{}' in [[bridge]] {}", key, message));
  }
  void warning(std::string_view key, std::string message) {
    draft_.warning(draft_.place_of(Section::bridge, key, index_), fmt::format("'{}' in [[bridge]] {}", key, message));
  }
  bool given(std::string_view key) const { return draft_.given(Section::bridge, key, index_); }

  void check_name() {
    if (bridge_.name.empty())
      return error("name", "is missing: it tells bridges apart, in the log and in $SYS; write name = \"upstream\"");
    if (bridge_.name.find_first_of("+#") != std::string::npos) {
      return error("name", fmt::format("is \"{}\", but becomes a part of topics below $SYS: leave out + and #", bridge_.name));
    }
    for (std::size_t other = 0; other < index_; ++other) {
      if (draft_.options.bridges[other].name != bridge_.name) continue;
      return error("name", fmt::format("\"{}\" is the name of the bridge in line {}, too: each needs its own",
                                       bridge_.name, draft_.place_of(Section::bridge, "", other).line));
    }
  }

  void check_addresses() {
    if (bridge_.addresses.empty())
      return error("addresses", "is missing: the other broker's, such as addresses = [\"broker.example:1883\"]");
    for (const std::string& text : bridge_.addresses) {
      if (const auto address = parse_bridge_address(text); !address)
        error("addresses", fmt::format("holds {}", address.error()));
    }
    if (bridge_.round_robin && bridge_.addresses.size() == 1) warning("round_robin", "has no effect with one address");
  }

  void check_topics() {
    if (bridge_.topics.empty()) warning("topics", "names none: nothing is carried; write topics = [\"# out 1\"]");
    for (const std::string& text : bridge_.topics) {
      if (const auto topic = parse_bridge_topic(text); !topic)
        error("topics", fmt::format("holds \"{}\": {}", text, topic.error()));
    }
    if (bridge_.notification_topic.find_first_of("+#") != std::string::npos) {
      error("notification_topic", fmt::format("is \"{}\", but a topic holds no wildcard", bridge_.notification_topic));
    }
  }

  void check_tls() {
    const bool pair = bridge_.certificate.empty() == bridge_.key.empty();
    if (!pair) error(bridge_.certificate.empty() ? "key" : "certificate", "needs the other one of certificate and key");
    std::string bytes;
    if (!bridge_.psk.empty() && !parse_hex(bridge_.psk, bytes))
      error("psk", "is no key in hex, such as \"0123456789abcdef\"");
    if (bridge_.psk.empty() != bridge_.psk_identity.empty()) {
      error(bridge_.psk.empty() ? "psk_identity" : "psk", "needs the other one of psk_identity and psk");
    }
    if (!bridge_.psk.empty() &&
        (!bridge_.ca_file.empty() || !bridge_.ca_directory.empty() || !bridge_.certificate.empty())) {
      error("psk", "cannot stand beside certificates: a connection is secured by one or the other");
    }
    if (bridge_.has_tls()) return;
    constexpr std::string_view kWhatToWrite = "has no effect without TLS; write tls = true, or name ca_file or ca_directory";
    for (const std::string_view key : {"certificate", "key"}) {
      if (given(key)) error(key, std::string{kWhatToWrite});
    }
    for (const std::string_view key : {"alpn", "verify_host", "require_ocsp", "tls_min", "ciphers", "ciphersuites"}) {
      if (given(key)) warning(key, std::string{kWhatToWrite});
    }
  }

  void check_rest() {
    if (bridge_.restart_min_s > bridge_.restart_max_s) {
      error("restart_min_s", fmt::format("is {} but must not be above restart_max_s, which is {}",
                                         bridge_.restart_min_s, bridge_.restart_max_s));
    }
    if (!bridge_.password.empty() && bridge_.user_name.empty() && bridge_.version != BridgeVersion::v5) {
      warning("password", "has no effect without user_name: before MQTT 5.0 there is no password without a name");
    }
    for (const std::string_view key : {"session_expiry_s", "receive_maximum", "topic_alias_max"}) {
      if (given(key) && bridge_.version != BridgeVersion::v5) warning(key, "has no effect: it needs version = \"5\"");
    }
    for (const std::string_view key : {"idle_timeout_s", "threshold"}) {
      if (given(key) && bridge_.start != BridgeStart::lazy) warning(key, "has no effect: it needs start = \"lazy\"");
    }
  }

  Draft& draft_;
  std::size_t index_;
  const Bridge& bridge_;
};

}  // namespace

void check_bridges(Draft& draft) {
  for (std::size_t i = 0; i < draft.options.bridges.size(); ++i) BridgeCheck{draft, i}.run();
}

}  // namespace tombo::config
