#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  flag<&Mqtt::retain_available>("retain_available", kNew, "Messages may be retained."),
  flag<&Mqtt::wildcard_subscriptions>("wildcard_subscriptions", kNew, "Topic filters may hold + and #."),
  flag<&Mqtt::shared_subscriptions>("shared_subscriptions", kNew, "Clients may share a subscription as $share/group/filter."),
  flag<&Mqtt::subscription_ids>("subscription_ids", kNew, "MQTT 5.0 clients may number their subscriptions and get the numbers with each message."),
  flag<&Mqtt::allow_empty_client_id>("allow_empty_client_id", kNew, "A client without a client id is given one instead of being refused."),
  flag<&Mqtt::check_payload_format>("check_payload_format", kLive, "Refuse a message that is marked as text and is not UTF-8."),
  flag<&Mqtt::tell_no_subscribers>("tell_no_subscribers", kLive, "Tell an MQTT 5.0 publisher in the acknowledgement when nobody subscribes to its topic."),
  flag<&Mqtt::deliver_overlapping_once>("deliver_overlapping_once", kLive, "A message that matches several subscriptions of a client is sent to it once."),
  flag<&Mqtt::upgrade_outgoing_qos>("upgrade_outgoing_qos", kLive, "Send messages with the QoS of the subscription, even those published with a lower one, which MQTT does not do."),
  list<&Mqtt::client_id_prefixes>("client_id_prefixes", {0, 256}, kNew, "A client id must begin with one of these; none means that all may connect."),
  flag<&Mqtt::control_api>("control_api", kRestart, "Answer requests that clients publish to $CONTROL/broker/v1 (listListeners, listPlugins), where rules let them."),
  flag<&Mqtt::queue_qos0_offline>("queue_qos0_offline", kLive, "Keep QoS 0 messages for sessions whose client is away."),
  choice<&Mqtt::share_strategy>("share_strategy", kLive, "Which member of a shared subscription gets a message."),
  choice<&Mqtt::on_queue_full>("on_queue_full", kLive, "What happens when a session's queue is full: drop the new message, drop the oldest one, or tell the publisher (0x97)."),
  text<&Mqtt::response_information>("response_information", 65'535, kNew, "Text for MQTT 5.0 clients that ask where to receive responses; empty means none."),
  number<&Mqtt::will_delay_max_s>("will_delay_max_s", {0, kNoEnd}, kNew, "Longest time that a will may be held back; \"unlimited\" leaves it to the client.").with_word("unlimited", kNoEnd),
});
// clang-format on

}  // namespace

std::span<const Row> mqtt_rows() {
  return kRows;
}

}  // namespace tombo::config
