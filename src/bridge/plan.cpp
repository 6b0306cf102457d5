#include "bridge/plan.hpp"

#include <fmt/format.h>

#include <utility>

namespace tombo::bridge {

namespace {

constexpr std::uint16_t kPort = 1883;
constexpr std::uint16_t kTlsPort = 8883;

mqtt::Version version_of(config::BridgeVersion version) {
  switch (version) {
    case config::BridgeVersion::v3_1:
      return mqtt::Version::v3_1;
    case config::BridgeVersion::v3_1_1:
      return mqtt::Version::v3_1_1;
    case config::BridgeVersion::v5:
      return mqtt::Version::v5;
  }
  return mqtt::Version::v3_1_1;
}

std::string notification_topic_of(const config::Bridge& options, const std::string& client_id, std::uint32_t part) {
  if (!options.notifications) return {};
  if (options.notification_topic.empty()) return fmt::format("$SYS/broker/connection/{}/state", client_id);
  return part == 0 ? options.notification_topic : std::string{};  // one topic can tell of one connection
}

}  // namespace

std::vector<std::shared_ptr<const Plan>> plans_of(const config::Bridge& options, std::string_view host) {
  std::vector<std::shared_ptr<const Plan>> plans;
  for (std::uint32_t part = 0; part < options.connections; ++part) {
    auto plan = std::make_shared<Plan>(
        Plan{options, TopicMap{options.topics}, {}, {}, {}, {}, {}, {}, version_of(options.version), part});
    const std::string behind = options.connections > 1 ? fmt::format(".{}", part + 1) : std::string{};
    const std::string client_id =
        options.client_id.empty() ? fmt::format("{}.{}", host, options.name) : options.client_id;
    const std::string local =
        options.local_client_id.empty() ? fmt::format("local.{}", client_id) : options.local_client_id;
    plan->name = options.name + behind;
    plan->client_id = client_id + behind;
    plan->local_client_id = local + behind;
    plan->notification_topic = notification_topic_of(options, plan->client_id, part);
    for (const std::string& text : options.addresses) {
      auto address = config::parse_bridge_address(text);
      if (!address) continue;  // config has said so
      if (address->port == 0) address->port = options.has_tls() ? kTlsPort : kPort;
      plan->addresses.push_back(std::move(*address));
    }
    const auto& in = plan->topics.in_filters();
    for (std::size_t i = part; i < in.size(); i += options.connections) plan->in_filters.push_back(in[i]);
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace tombo::bridge
