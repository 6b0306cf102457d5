#include "bench/loader/config.hpp"

#include "base/nearest.hpp"
#include "bench/loader/properties.hpp"
#include "bench/plan/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

namespace tombo::bench::loader {

namespace {

using Wrong = std::optional<std::string>;

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::uint64_t kClientsMax = 100'000;  // client ids have five digits
constexpr std::uint64_t kPayloadMax = 64U << 20;
constexpr std::uint64_t kSecondsMax = 7 * 24 * 3600;
constexpr std::uint64_t kIntervalMax = 3'600'000'000;
constexpr std::uint64_t kMessagesMax = 1'000'000'000'000;

template <auto Field, std::uint64_t Min, std::uint64_t Max>
Wrong number(Config& config, const std::string& text) {
  const auto value = whole_number(text);
  if (!value || *value < Min || *value > Max) {
    return fmt::format("write a whole number from {} to {} instead of '{}'", Min, Max, text);
  }
  config.*Field = static_cast<std::remove_reference_t<decltype(config.*Field)>>(*value);
  return std::nullopt;
}

template <auto Field>
Wrong flag(Config& config, const std::string& text) {
  if (text != "true" && text != "false") return fmt::format("write true or false instead of '{}'", text);
  config.*Field = text == "true";
  return std::nullopt;
}

template <auto Field>
Wrong text(Config& config, const std::string& value) {
  config.*Field = value;
  return std::nullopt;
}

Wrong mqtt_version(Config& config, const std::string& text) {
  if (text != "3" && text != "5") return fmt::format("write 3 (for 3.1.1) or 5 instead of '{}'", text);
  config.mqtt_version = text == "3" ? 3 : 5;
  return std::nullopt;
}

Wrong log_level(Config& config, const std::string& text) {
  constexpr std::string_view kNames[] = {"SEVERE", "WARNING", "INFO", "ALL"};
  const auto* found = std::ranges::find(kNames, text);
  if (found == std::end(kNames)) return fmt::format("write SEVERE, WARNING, INFO or ALL instead of '{}'", text);
  config.log_level = static_cast<LogLevel>(found - std::begin(kNames));
  return std::nullopt;
}

Wrong topic(Config& config, const std::string& value) {
  if (value.find_first_of("+#") != std::string::npos || value.empty() || value.size() > 60'000) {
    return fmt::format("write a topic without + and # instead of '{}': it is published to", value.substr(0, 100));
  }
  config.topic = value;
  return std::nullopt;
}

Wrong cert_chain(Config& config, const std::string& value) {
  std::string_view rest = value;
  config.tls_client_cert_chain.clear();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (end > 0) config.tls_client_cert_chain.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

struct Row {
  std::string_view key;
  Wrong (*set)(Config&, const std::string&);
};

using C = Config;

constexpr Row kRows[] = {
    {"broker", text<&C::broker>},
    {"broker_port", number<&C::broker_port, 1, 65'535>},
    {"mqtt_version", mqtt_version},
    {"num_publishers", number<&C::num_publishers, 0, kClientsMax>},
    {"num_subscribers", number<&C::num_subscribers, 0, kClientsMax>},
    {"qos_publisher", number<&C::qos_publisher, 0, 2>},
    {"qos_subscriber", number<&C::qos_subscriber, 0, 2>},
    {"shared_subscription", flag<&C::shared_subscription>},
    {"retain", flag<&C::retain>},
    {"topic", topic},
    {"payload", number<&C::payload, 8, kPayloadMax>},
    {"num_messages", number<&C::num_messages, 1, kMessagesMax>},
    {"ramp_up", number<&C::ramp_up, 0, kSecondsMax>},
    {"ramp_down", number<&C::ramp_down, 0, kSecondsMax>},
    {"interval", number<&C::interval, 0, kIntervalMax>},
    {"subscriber_timeout", number<&C::subscriber_timeout, 0, kSecondsMax>},
    {"exec_time", number<&C::exec_time, 1, kSecondsMax>},
    {"log_level", log_level},
    {"ntp", text<&C::ntp>},
    {"output", text<&C::output>},
    {"user_name", text<&C::user_name>},
    {"password", text<&C::password>},
    {"tls", flag<&C::tls>},
    {"tls_rootca_cert", text<&C::tls_rootca_cert>},
    {"tls_client_key", text<&C::tls_client_key>},
    {"tls_client_cert_chain", cert_chain},
};
static_assert(std::size(kRows) == 26);

class Reader {
 public:
  Reader(const std::string& name, Loaded& loaded) : name_(name), loaded_(loaded) {}

  void read(std::string_view text) {
    for (const Property& property : read_properties(text)) {
      const auto* row = std::ranges::find(kRows, property.key, &Row::key);
      if (row == std::end(kRows)) {
        unknown(property);
        continue;
      }
      lines_[property.key] = property.line;
      if (property.value.empty()) continue;  // "key =" is how MQTTLoader's files leave an option to its default
      if (const Wrong wrong = row->set(loaded_.config, property.value)) problem(property.line, property.key, *wrong);
    }
    check();
  }

 private:
  void problem(int line, std::string_view key, std::string_view text) {
    loaded_.problems.push_back({name_, line, 0, fmt::format("{}: {}", key, text)});
  }
  int line_of(const std::string& key) const {
    const auto found = lines_.find(key);
    return found == lines_.end() ? 0 : found->second;
  }

  void unknown(const Property& property) {
    std::vector<std::string_view> keys;
    for (const Row& row : kRows) keys.push_back(row.key);
    const std::string_view near = nearest(property.key, keys);
    std::string text = fmt::format("MQTTLoader has no key '{}'", property.key);
    if (!near.empty()) text += fmt::format("; did you mean '{}'?", near);
    loaded_.problems.push_back({name_, property.line, 0, std::move(text)});
  }

  /// What can only be said when all keys are read.
  void check() {
    const Config& c = loaded_.config;
    if (c.broker.empty())
      problem(line_of("broker"), "broker", "write the broker's name or address: there is no default");
    if (c.num_publishers == 0 && c.num_subscribers == 0) {
      problem(line_of("num_publishers"), "num_publishers", "write at least one publisher or one subscriber");
    }
    if (c.shared_subscription && c.mqtt_version != 5) {
      problem(line_of("shared_subscription"), "shared_subscription",
              "write mqtt_version = 5 as well: 3.1.1 has no shared subscriptions");
    }
    if (!c.password.empty() && c.user_name.empty() && c.mqtt_version == 3) {
      problem(line_of("password"), "password", "write user_name as well: 3.1.1 has no password without one");
    }
    if (std::uint64_t{c.ramp_up} + c.ramp_down >= c.exec_time) {
      problem(line_of("exec_time"), "exec_time", "write more seconds than ramp_up and ramp_down take together");
    }
    if (c.tls_client_key.empty() != c.tls_client_cert_chain.empty()) {
      const std::string given = c.tls_client_key.empty() ? "tls_client_cert_chain" : "tls_client_key";
      problem(line_of(given), given, "write tls_client_key and tls_client_cert_chain together");
    }
    if (!c.tls && !(c.tls_rootca_cert.empty() && c.tls_client_key.empty())) {
      const std::string given = c.tls_rootca_cert.empty() ? "tls_client_key" : "tls_rootca_cert";
      problem(line_of(given), given, "write tls = true as well");
    }
  }

  const std::string& name_;
  Loaded& loaded_;
  std::map<std::string, int> lines_;
};

/// Templates of the plan begin with %; MQTTLoader has none.
std::string literally(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    safe += c;
    if (c == '%') safe += c;
  }
  return safe;
}

Topology topology_of(const Config& c) {
  if (c.num_subscribers == 0) return Topology::publish_only;
  if (c.num_publishers == 0) return Topology::subscribe_only;
  return c.shared_subscription ? Topology::shared : Topology::fan_out;
}

}  // namespace

Loaded parse_config(std::string_view text, const std::string& name) {
  Loaded loaded;
  Reader(name, loaded).read(text);
  return loaded;
}

Loaded load_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    return {{}, {{path, 0, 0, fmt::format("cannot be read: {}", std::strerror(errno))}}};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) return {{}, {{path, 0, 0, "is too long for a configuration: at most 1 MiB"}}};
  return parse_config(text, path);
}

Plan plan_of(const Config& c) {
  Plan plan;
  plan.name = "mqttloader";
  plan.target.host = c.broker;
  plan.target.port = c.broker_port != 0 ? c.broker_port : c.tls ? 8883 : 1883;
  plan.target.version = c.mqtt_version == 3 ? mqtt::Version::v3_1_1 : mqtt::Version::v5;
  plan.target.tls.on = c.tls;
  plan.target.tls.ca_file = c.tls_rootca_cert;
  plan.target.tls.key_file = c.tls_client_key;
  if (!c.tls_client_cert_chain.empty()) {
    plan.target.tls.certificate_file = c.tls_client_cert_chain.front();
    plan.target.tls.chain_files.assign(c.tls_client_cert_chain.begin() + 1, c.tls_client_cert_chain.end());
  }
  plan.client.client_id = "ml-%r-%k-%n";
  plan.client.user_name = literally(c.user_name);
  plan.client.password = literally(c.password);
  plan.topology = topology_of(c);
  plan.publishers = c.num_publishers;
  plan.subscribers = c.num_subscribers;
  plan.publish_qos = static_cast<mqtt::Qos>(c.qos_publisher);
  plan.subscribe_qos = static_cast<mqtt::Qos>(c.qos_subscriber);
  plan.retain = c.retain;
  plan.topic = literally(c.topic);
  plan.share_group = "mqttload";
  if (c.interval > 0) plan.pace.rate = static_cast<double>(c.num_publishers) * 1e6 / static_cast<double>(c.interval);
  plan.payload.mark = Payload::Mark::time_only;
  plan.payload.size = c.payload;
  plan.messages = c.num_messages;
  plan.duration = Seconds{static_cast<double>(c.exec_time)};
  plan.ramp_up = plan.ramp_down = plan.drain = Seconds{0};
  plan.end_after_silence = Seconds{static_cast<double>(c.subscriber_timeout)};
  return plan;
}

}  // namespace tombo::bench::loader
