#include "bench/engine/responder.hpp"

#include <string_view>

#include <sys/uio.h>

namespace tombo::bench::engine {
namespace {

/// Answers that wait; a request beyond it stays without one and is counted as lost at its requester.
constexpr std::size_t kWaitingMax = 65'536;

std::string response_topic(const mqtt::PublishView& request) {
  if (request.properties.has(mqtt::PropertyId::response_topic)) return std::string(request.properties.response_topic);
  constexpr std::string_view kRequest = "/request";
  std::string_view topic = request.topic;
  if (topic.ends_with(kRequest)) topic.remove_suffix(kRequest.size());
  return std::string(topic) + "/response";
}

}  // namespace

Responder::Responder(Context& context) : context_(context) {}

void Responder::begin(std::uint16_t receive_maximum) {
  in_flight_.clear();
  in_flight_.limit(receive_maximum);
}

void Responder::answer(const mqtt::PublishView& request, Link& link) {
  const std::string topic = response_topic(request);
  const mqtt::Bytes correlation = request.properties.correlation_data;
  const bool has_room = context_.run.plan.publish_qos == mqtt::Qos::at_most_once || in_flight_.room() > 0;
  if (has_room && waiting_.empty()) return send(topic, request.payload, correlation, link);
  if (waiting_.size() >= kWaitingMax) {
    ++context_.tally.now().errors;
    return;
  }
  waiting_.push_back(
      {topic, {request.payload.begin(), request.payload.end()}, {correlation.begin(), correlation.end()}});
}

void Responder::send(const std::string& topic, mqtt::Bytes payload, mqtt::Bytes correlation, Link& link) {
  const Plan& plan = context_.run.plan;
  const mqtt::PacketId id =
      plan.publish_qos == mqtt::Qos::at_most_once ? mqtt::PacketId{0} : in_flight_.add(sent_, 0, 0);
  mqtt::PropertyWriter properties;
  if (!correlation.empty()) properties.binary(mqtt::PropertyId::correlation_data, correlation);
  batch_.clear();
  mqtt::encode_client_publish(batch_, plan.target.version, topic, payload, plan.publish_qos, false, false, id,
                              properties.bytes());
  iovec piece{};
  if (batch_.describe(&piece, 1) == 1) link.queue({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len});
  ++sent_;
}

void Responder::on_ack(mqtt::PacketType type, const mqtt::AckView& ack, Link& link) {
  InFlight::Entry* const entry = in_flight_.find(ack.packet_id);
  if (entry == nullptr) return;
  if (type == mqtt::PacketType::pubrec && !mqtt::is_error(ack.reason)) {
    return link.queue_ack(0x62, ack.packet_id);
  }
  in_flight_.remove(*entry);
  ++context_.progress;
  while (!waiting_.empty() && in_flight_.room() > 0) {
    const Answer& next = waiting_.front();
    send(next.topic, next.payload, next.correlation, link);
    waiting_.pop_front();
  }
}

}  // namespace tombo::bench::engine
