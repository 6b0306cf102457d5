#include "bench/engine/layout.hpp"

#include "bench/measure/stamp.hpp"

#include <fmt/format.h>

namespace tombo::bench::engine {
namespace {

constexpr std::uint32_t kClientsMax = 1'000'000;
constexpr std::size_t kPayloadMax = 64U << 20;
constexpr unsigned kThreadsMax = 256;

bool has_publishers(Topology topology) {
  return topology != Topology::connect_only && topology != Topology::subscribe_only;
}

bool has_subscribers(Topology topology) {
  return topology != Topology::connect_only && topology != Topology::publish_only;
}

bool one_to_one(Topology topology) {
  return topology == Topology::pairs || topology == Topology::wildcard;
}

std::optional<std::string> mistake_in_numbers(const Plan& plan) {
  if (plan.topology == Topology::connect_only && plan.connections == 0) return "no connections asked for";
  if (has_publishers(plan.topology) && plan.publishers == 0) return "no publishers asked for";
  if (has_subscribers(plan.topology) && plan.subscribers == 0) return "no subscribers asked for";
  if (plan.publishers > kClientsMax || plan.subscribers > kClientsMax || plan.connections > kClientsMax) {
    return fmt::format("at most {} clients of each kind", kClientsMax);
  }
  if (one_to_one(plan.topology) && plan.publishers != plan.subscribers) {
    return fmt::format("this topology wants as many publishers as subscribers, not {} and {}", plan.publishers,
                       plan.subscribers);
  }
  if (plan.threads == 0 || plan.threads > kThreadsMax) return fmt::format("threads: 1 to {}", kThreadsMax);
  if (!(plan.pace.rate >= 0)) return "the rate must not be negative";
  if (plan.pace.window == 0) return "the window must be at least 1";
  if (!(plan.duration.count() >= 0 && plan.ramp_up.count() >= 0 && plan.ramp_down.count() >= 0 &&
        plan.drain.count() >= 0 && plan.client.connect_timeout.count() > 0)) {
    return "times must not be negative";
  }
  if (plan.topology == Topology::retained && plan.retained == 0) return "no retained messages asked for";
  if (plan.topology == Topology::subscriptions && plan.filters < plan.subscribers) {
    return "every subscriber needs at least one filter";
  }
  return std::nullopt;
}

std::optional<std::string> mistake_in_payload(const Plan& plan) {
  if (!has_publishers(plan.topology)) return std::nullopt;
  const std::size_t mark = plan.payload.mark == Payload::Mark::stamp ? kStampBytes : kTimeBytes;
  if (plan.payload.size < mark) {
    return fmt::format("a payload needs {} bytes for its stamp, not {}", mark, plan.payload.size);
  }
  if (plan.payload.size > kPayloadMax) return fmt::format("a payload has at most {} bytes", kPayloadMax);
  if (!plan.payload.file.empty() && !plan.payload.text.empty()) return "the payload is either a file or a text";
  return std::nullopt;
}

std::optional<std::string> mistake_in_topic(const Plan& plan) {
  if (plan.topology == Topology::connect_only) return std::nullopt;
  if (plan.topic.empty()) return "the topic is empty";
  if (plan.topic.size() > 60'000) return "the topic is too long";
  if (plan.topology != Topology::subscribe_only && plan.topic.find_first_of("+#") != std::string::npos) {
    return fmt::format("the topic '{}' has a wildcard", plan.topic);
  }
  if (plan.topology == Topology::shared && plan.share_group.find_first_of("/+#") != std::string::npos) {
    return fmt::format("'{}' cannot be the name of a shared group", plan.share_group);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_mistake(const Plan& plan) {
  if (plan.target.websocket) return "WebSocket is not built yet";
  if (plan.target.host.empty()) return "no host";
  if (plan.target.port == 0) return "port 0";
  if (plan.client.client_id.empty() && !plan.client.clean_start) return "a kept session needs a client id";
  if (auto wrong = mistake_in_numbers(plan)) return wrong;
  if (auto wrong = mistake_in_payload(plan)) return wrong;
  return mistake_in_topic(plan);
}

}  // namespace tombo::bench::engine
