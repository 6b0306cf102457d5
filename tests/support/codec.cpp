#include "support/codec.hpp"

#include <array>

namespace tombo::test {

using namespace mqtt;

namespace {

ReasonCode reason_of(const Result<void, ReasonCode>& result) {
  return result ? ReasonCode::success : result.error();
}

ReasonCode decode_from_client(const Frame& frame, Version version, const DecodeLimits& limits) {
  switch (frame.type) {
    case PacketType::connect: {
      ConnectView view;
      return reason_of(decode_connect(frame, limits, view));
    }
    case PacketType::subscribe: {
      SubscribeView view;
      return reason_of(decode_subscribe(frame, version, limits, view));
    }
    case PacketType::unsubscribe: {
      UnsubscribeView view;
      return reason_of(decode_unsubscribe(frame, version, limits, view));
    }
    case PacketType::pingreq:
      return reason_of(decode_ping(frame));
    default:
      return ReasonCode::protocol_error;
  }
}

ReasonCode decode_from_server(const Frame& frame, Version version, const DecodeLimits& limits) {
  ConnackView connack;
  SubackView suback;
  switch (frame.type) {
    case PacketType::connack:
      return reason_of(decode_connack(frame, version, limits, connack));
    case PacketType::suback:
      return reason_of(decode_suback(frame, version, limits, suback));
    case PacketType::unsuback:
      return reason_of(decode_unsuback(frame, version, limits, suback));
    case PacketType::pingresp:
      return reason_of(decode_ping(frame));
    default:
      return ReasonCode::protocol_error;
  }
}

using UserProperties = std::vector<std::pair<std::string_view, std::string_view>>;

UserProperties user_properties_of(const PropertiesView& properties) {
  UserProperties pairs;
  for_each_property(properties.raw, [&](PropertyId id, Bytes, Bytes value) {
    if (id != PropertyId::user_property) return;
    const std::string_view name = next_filter(value);
    pairs.emplace_back(name, next_filter(value));
  });
  return pairs;
}

std::vector<ReasonCode> codes_of(Bytes bytes) {
  std::vector<ReasonCode> codes;
  for (const std::uint8_t code : bytes) codes.push_back(static_cast<ReasonCode>(code));
  return codes;
}

void reencode_connect(WriteBatch& out, const Frame& frame) {
  ConnectView view;
  (void)decode_connect(frame, {}, view);
  ConnectOut connect;
  connect.version = view.version;
  connect.bridge = view.bridge;
  connect.clean_start = view.clean_start;
  connect.keep_alive_s = view.keep_alive_s;
  connect.client_id = view.client_id;
  if (view.has_user_name) connect.user_name = view.user_name;
  if (view.has_password) connect.password = view.password;
  connect.raw_properties = view.properties.raw;
  connect.has_will = view.has_will;
  connect.will_topic = view.will.topic;
  connect.will_payload = view.will.payload;
  connect.will_qos = view.will.qos;
  connect.will_retain = view.will.retain;
  connect.raw_will_properties = view.will.properties.raw;
  encode_connect(out, connect);
}

void reencode_connack(WriteBatch& out, const Frame& frame, Version version) {
  ConnackView view;
  (void)decode_connack(frame, version, {}, view);
  const PropertiesView& p = view.properties;
  ConnackOut connack;
  connack.session_present = view.session_present;
  connack.reason = static_cast<ReasonCode>(view.code);
  if (version != Version::v5 && view.code != 0) connack.reason = ReasonCode::not_authorized;
  const auto set = [&](auto& field, PropertyId id, auto value) {
    if (p.has(id)) field = static_cast<typename std::decay_t<decltype(field)>::value_type>(value);
  };
  set(connack.session_expiry_s, PropertyId::session_expiry_interval, p.session_expiry_interval);
  set(connack.receive_maximum, PropertyId::receive_maximum, p.receive_maximum);
  set(connack.maximum_qos, PropertyId::maximum_qos, p.maximum_qos);
  set(connack.retain_available, PropertyId::retain_available, p.retain_available);
  set(connack.maximum_packet_size, PropertyId::maximum_packet_size, p.maximum_packet_size);
  set(connack.topic_alias_maximum, PropertyId::topic_alias_maximum, p.topic_alias_maximum);
  set(connack.wildcard_subscription_available, PropertyId::wildcard_subscription_available,
      p.wildcard_subscription_available);
  set(connack.subscription_identifier_available, PropertyId::subscription_identifier_available,
      p.subscription_identifier_available);
  set(connack.shared_subscription_available, PropertyId::shared_subscription_available,
      p.shared_subscription_available);
  set(connack.server_keep_alive_s, PropertyId::server_keep_alive, p.server_keep_alive);
  set(connack.authentication_data, PropertyId::authentication_data, p.authentication_data);
  connack.assigned_client_id = p.assigned_client_identifier;
  connack.response_information = p.response_information;
  connack.server_reference = p.server_reference;
  connack.authentication_method = p.authentication_method;
  const UserProperties pairs = user_properties_of(p);
  connack.diagnostics = {p.reason_string, pairs};
  encode_connack(out, {version}, connack);
}

void reencode_publish(WriteBatch& out, const Frame& frame, Version version, Sender sender) {
  PublishView view;
  (void)decode_publish(frame, version, {}, view, sender);
  encode_client_publish(out, version, view.topic, view.payload, view.qos, view.retain, view.dup,
                        view.packet_id, view.properties.raw);
}

void reencode_ack(WriteBatch& out, const Frame& frame, Version version, Sender sender) {
  AckView view;
  (void)decode_ack(frame, version, {}, view, sender);
  const UserProperties pairs = user_properties_of(view.properties);
  encode_ack(out, {version}, frame.type, view.packet_id, view.reason, {view.properties.reason_string, pairs});
}

void reencode_subscribe(WriteBatch& out, const Frame& frame, Version version) {
  SubscribeView view;
  (void)decode_subscribe(frame, version, {}, view);
  std::vector<SubscriptionOut> subscriptions;
  while (!view.filters.empty()) {
    const SubscriptionView subscription = next_subscription(view.filters, version);
    subscriptions.push_back({subscription.filter, subscription.options});
  }
  encode_subscribe(out, version, view.packet_id, subscriptions, view.properties.raw);
}

void reencode_unsubscribe(WriteBatch& out, const Frame& frame, Version version) {
  UnsubscribeView view;
  (void)decode_unsubscribe(frame, version, {}, view);
  std::vector<std::string_view> filters;
  while (!view.filters.empty()) filters.push_back(next_filter(view.filters));
  encode_unsubscribe(out, version, view.packet_id, filters, view.properties.raw);
}

void reencode_subscription_ack(WriteBatch& out, const Frame& frame, Version version) {
  SubackView view;
  const bool suback = frame.type == PacketType::suback;
  (void)(suback ? decode_suback(frame, version, {}, view) : decode_unsuback(frame, version, {}, view));
  const UserProperties pairs = user_properties_of(view.properties);
  const Diagnostics diagnostics{view.properties.reason_string, pairs};
  const auto codes = codes_of(view.codes);
  if (suback) {
    encode_suback(out, {version}, view.packet_id, codes, diagnostics);
  } else {
    encode_unsuback(out, {version}, view.packet_id, codes, diagnostics);
  }
}

void reencode_disconnect(WriteBatch& out, const Frame& frame, Version version, Sender sender) {
  DisconnectView view;
  (void)decode_disconnect(frame, version, {}, view, sender);
  if (sender == Sender::client)
    return encode_client_disconnect(out, version, view.reason, view.properties.raw);
  const UserProperties pairs = user_properties_of(view.properties);
  encode_disconnect(out, {version}, view.reason, view.properties.server_reference,
                    {view.properties.reason_string, pairs});
}

void reencode_auth(WriteBatch& out, const Frame& frame, Version version, Sender sender) {
  AuthView view;
  (void)decode_auth(frame, {}, view, sender);
  const UserProperties pairs = user_properties_of(view.properties);
  encode_auth(out, {version}, view.reason, view.properties.authentication_method,
              view.properties.authentication_data, {view.properties.reason_string, pairs});
}

}  // namespace

std::vector<std::uint8_t> bytes_of(const WriteBatch& batch) {
  std::vector<iovec> pieces(256);
  const std::size_t count = batch.describe(pieces.data(), pieces.size());
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* from = static_cast<const std::uint8_t*>(pieces[i].iov_base);
    bytes.insert(bytes.end(), from, from + pieces[i].iov_len);
  }
  return bytes;
}

ReasonCode decode_any(const Frame& frame, Version version, Sender sender, const DecodeLimits& limits) {
  switch (frame.type) {
    case PacketType::reserved:
      return ReasonCode::malformed_packet;
    case PacketType::publish: {
      PublishView view;
      return reason_of(decode_publish(frame, version, limits, view, sender));
    }
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: {
      AckView view;
      return reason_of(decode_ack(frame, version, limits, view, sender));
    }
    case PacketType::disconnect: {
      DisconnectView view;
      if (version != Version::v5 && sender == Sender::server) return ReasonCode::protocol_error;
      return reason_of(decode_disconnect(frame, version, limits, view, sender));
    }
    case PacketType::auth: {
      AuthView view;
      if (version != Version::v5) return ReasonCode::malformed_packet;
      return reason_of(decode_auth(frame, limits, view, sender));
    }
    default:
      break;
  }
  return sender == Sender::client ? decode_from_client(frame, version, limits)
                                  : decode_from_server(frame, version, limits);
}

ReasonCode decode_packet(Bytes packet, Version version, Sender sender) {
  const FrameResult framed = next_frame(packet, kFixedHeaderMax + kRemainingLengthMax);
  if (framed.status == FrameStatus::refused) return framed.reason;
  if (framed.status == FrameStatus::incomplete) return ReasonCode::malformed_packet;
  return decode_any(framed.frame, version, sender);
}

std::vector<std::uint8_t> reencode(const Frame& frame, Version version, Sender sender) {
  WriteBatch out;
  switch (frame.type) {
    case PacketType::reserved:
      break;
    case PacketType::connect:
      reencode_connect(out, frame);
      break;
    case PacketType::connack:
      reencode_connack(out, frame, version);
      break;
    case PacketType::publish:
      reencode_publish(out, frame, version, sender);
      break;
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      reencode_ack(out, frame, version, sender);
      break;
    case PacketType::subscribe:
      reencode_subscribe(out, frame, version);
      break;
    case PacketType::unsubscribe:
      reencode_unsubscribe(out, frame, version);
      break;
    case PacketType::suback:
    case PacketType::unsuback:
      reencode_subscription_ack(out, frame, version);
      break;
    case PacketType::pingreq:
      encode_pingreq(out);
      break;
    case PacketType::pingresp:
      encode_pingresp(out);
      break;
    case PacketType::disconnect:
      reencode_disconnect(out, frame, version, sender);
      break;
    case PacketType::auth:
      reencode_auth(out, frame, version, sender);
      break;
  }
  return bytes_of(out);
}

bool has_one_form(const Frame& frame, Version version) {
  switch (frame.type) {
    case PacketType::connect: {
      ConnectView view;
      return decode_connect(frame, {}, view).ok() && view.version != Version::v3_1;
    }
    case PacketType::subscribe:
    case PacketType::unsubscribe:
      return version != Version::v3_1;
    case PacketType::publish:
    case PacketType::pingreq:
    case PacketType::pingresp:
      return true;
    default:
      return false;
  }
}

}  // namespace tombo::test
