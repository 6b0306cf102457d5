#include "broker/shard.hpp"

#include "mqtt/topic.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tombo::broker {

using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

// What happens on SUBSCRIBE: one verdict and one reason code per filter, then SUBACK, then retained messages.

void Shard::on_subscribe(Client& client, const mqtt::Frame& frame) {
  const Version version = client.peer.format.version;
  mqtt::SubscribeView subscribe;
  const auto decoded = mqtt::decode_subscribe(frame, version, decode_limits_, subscribe);
  if (!decoded) return refuse(client, decoded.error());
  if (subscribe.count > options_->limits.filters_per_packet) return refuse(client, ReasonCode::quota_exceeded);
  const std::uint32_t subscription_id = subscribe.properties.subscription_identifier;
  if (subscription_id != 0 && !options_->mqtt.subscription_ids) {
    return refuse(client, ReasonCode::subscription_identifiers_not_supported);
  }
  std::vector<ReasonCode> codes(subscribe.count, ReasonCode::success);
  routing_ = {};
  if (version == Version::v5 && client.session->is_receiving(subscribe.packet_id)) {  // [MQTT-2.2.1-3]
    std::fill(codes.begin(), codes.end(), ReasonCode::packet_identifier_in_use);
    return acknowledge(client, PendingAck{nullptr, mqtt::PacketType::suback, subscribe.packet_id, ReasonCode::success, std::move(codes)});
  }
  std::vector<std::pair<std::ptrdiff_t, Qos>> qos_max;  // of filters whose rights grant less than QoS 2
  // All verdicts first: a packet that waits for one is handled afresh later and must not have acted yet.
  mqtt::Bytes filters = subscribe.filters;
  for (auto& code : codes) {
    auto wanted = mqtt::next_subscription(filters, version);
    wanted.filter = mounted_filter(client, wanted.filter);
    code = judge_subscription(wanted);
    if (!mqtt::is_error(code) && client.session->stored && store_refuses()) code = ReasonCode::unspecified_error;
    if (mqtt::is_error(code)) continue;
    const ClientSession& session = *client.session;
    const auto parsed = mqtt::parse_filter(wanted.filter);
    const auth::Access access{auth::Action::subscribe, session.client_id(),  session.principal, client.listener,
                              parsed.filter,           wanted.options.qos, false,             parsed.shared};
    auth::AccessAnswer answer;
    const Ask verdict = ask_access(client, access, answer);
    if (verdict == Ask::pending) return;
    if (verdict == Ask::denied) code = answer.reason;
    if (answer.qos_max < Qos::exactly_once) qos_max.emplace_back(&code - codes.data(), answer.qos_max);
  }
  filters = subscribe.filters;
  if (client.session->stored && awaits_disk()) routing_.publisher = &client;
  for (auto& code : codes) {
    auto wanted = mqtt::next_subscription(filters, version);
    wanted.filter = mounted_filter(client, wanted.filter);
    for (const auto& [index, most] : qos_max) {
      if (index == &code - codes.data()) wanted.options.qos = std::min(wanted.options.qos, most);
    }
    if (lines_.packets()) lines_.wants(wanted.filter, wanted.options.qos);
    if (!mqtt::is_error(code) && limits_rates_ && !rate_lets_subscribe(client)) code = ReasonCode::quota_exceeded;
    if (!mqtt::is_error(code)) code = subscribe_one(client, wanted, subscription_id);
    if (!mqtt::is_error(code)) lines_.subscribed(client, wanted.filter, static_cast<Qos>(code));
    if (core_.events != nullptr && !mqtt::is_error(code)) tell_subscribed(client, wanted, code, subscription_id);
    // 3.1 has no refusal: grant what was asked and deliver nothing.
    if (mqtt::is_error(code) && version == Version::v3_1) code = static_cast<ReasonCode>(wanted.options.qos);
  }
  routing_.publisher = nullptr;
  acknowledge(client, PendingAck{std::exchange(routing_.hold, nullptr), mqtt::PacketType::suback, subscribe.packet_id,
                                 ReasonCode::success, std::move(codes)});
}

ReasonCode Shard::judge_subscription(const mqtt::SubscriptionView& wanted) const {
  const auto parsed = mqtt::parse_filter(wanted.filter);
  if (!parsed.valid) return ReasonCode::topic_filter_invalid;
  if (mqtt::count_levels(parsed.filter) > options_->limits.topic_levels_max) return ReasonCode::topic_filter_invalid;
  if (parsed.shared && !options_->mqtt.shared_subscriptions) return ReasonCode::shared_subscriptions_not_supported;
  if (mqtt::has_wildcard(parsed.filter) && !options_->mqtt.wildcard_subscriptions) {
    return ReasonCode::wildcard_subscriptions_not_supported;
  }
  return ReasonCode::success;
}

/// Whether the session is below its limits, or has this subscription already and only changes it.
bool Shard::may_subscribe(ClientSession& session, const mqtt::ParsedFilter& parsed) const {
  if (session.own) return true;
  const auto& limits = options_->limits;
  const bool one_more = session.subscriptions.size() + session.shared_count < limits.subscriptions_per_client;
  const bool one_more_wildcard =
      session.wildcard_count < limits.wildcard_subscriptions_per_client || !mqtt::has_wildcard(parsed.filter);
  if (one_more && one_more_wildcard) return true;
  if (!parsed.shared) {
    const auto* filter = core_.tree.find(parsed.filter);
    return filter != nullptr && session.subscriptions.find(filter) != session::SubscriptionList::kNone;
  }
  if (!session.has_shared()) return false;
  return std::any_of(session.shared().begin(), session.shared().end(), [&](const SharedSubscription& shared) {
    return shared.member && shared.member->group == parsed.share_name && shared.member->filter == parsed.filter;
  });
}

ReasonCode Shard::subscribe_one(Client& client, const mqtt::SubscriptionView& wanted, std::uint32_t subscription_id) {
  const auto parsed = mqtt::parse_filter(wanted.filter);
  if (!may_subscribe(*client.session, parsed)) return ReasonCode::quota_exceeded;
  mqtt::SubscribeOptions options = wanted.options;
  if (static_cast<std::uint8_t>(options.qos) > client.qos_max) {
    options.qos = static_cast<Qos>(client.qos_max);  // [MQTT-3.2.2-10]
  }
  if (client.bridge) options.no_local = options.retain_as_published = true;
  if (parsed.shared) {
    options.no_local = false;
    subscribe_shared(client, parsed.share_name, parsed.filter, options, subscription_id);
  } else {
    subscribe_plain(client, parsed.filter, options, subscription_id);
  }
  return static_cast<ReasonCode>(options.qos);
}

/// [MQTT-3.8.4-3]: a filter that is there already gets the new options in place, so no message is lost between.
void Shard::subscribe_plain(Client& client, std::string_view text, const mqtt::SubscribeOptions& options,
                            std::uint32_t subscription_id) {
  ClientSession& session = *client.session;
  const bool fresh = add_plain(session, text, options, subscription_id);
  record_subscribed(session, text, {options, subscription_id, 0}, routing_hold());
  const bool wants_retained = options.retain_handling == mqtt::RetainHandling::send ||
                              (options.retain_handling == mqtt::RetainHandling::send_if_new && fresh);
  if (wants_retained) start_walk(session, text, options, subscription_id);
}

/// False if the session had this filter already.
bool Shard::add_plain(ClientSession& session, std::string_view text, const mqtt::SubscribeOptions& options,
                      std::uint32_t subscription_id) {
  routing::Filter* filter = core_.tree.find(text);
  std::uint32_t record = filter == nullptr ? session::SubscriptionList::kNone : session.subscriptions.find(filter);
  const std::uint32_t terms = routing::Subscriber::terms_of(options, subscription_id);
  if (record != session::SubscriptionList::kNone) {
    subscribers_.change_terms(filter->id, session.subscriptions[record].position, terms);
    return false;
  }
  const std::uint64_t self = std::uint64_t{1} << id_;
  if (filter == nullptr || (filter->shards.load(std::memory_order_relaxed) & self) == 0) {
    filter = core_.tree.add_shard(text, id_);
  }
  record = session.subscriptions.add({filter, 0});
  session.subscriptions[record].position = subscribers_.add(filter->id, {session.slot, record, terms});
  if (session.told_full) filter->full.fetch_add(1, std::memory_order_relaxed);
  counters_.subscriptions.add();
  if (mqtt::has_wildcard(text)) ++session.wildcard_count;
  return true;
}

void Shard::subscribe_shared(Client& client, std::string_view group, std::string_view text,
                             const mqtt::SubscribeOptions& options, std::uint32_t subscription_id) {
  ClientSession& session = *client.session;
  const auto& shared = add_shared(session, group, text, options, subscription_id, 0);
  record_subscribed(session, shared_text(shared), {options, subscription_id, shared.share_number}, routing_hold());
}

/// `share_number`: its number in the store; 0 gives it one if it is new.
SharedSubscription& Shard::add_shared(ClientSession& session, std::string_view group, std::string_view text,
                                      const mqtt::SubscribeOptions& options, std::uint32_t subscription_id,
                                      std::uint32_t share_number) {
  auto& list = session.shared();
  SharedSubscription* place = nullptr;
  for (auto& shared : list) {
    if (shared.filter == nullptr) {
      // Free for another filter only when no delivery names it any more.
      if (place == nullptr && !shared.extra) place = &shared;
      continue;
    }
    if (shared.member->group != group || shared.member->filter != text) continue;
    shared.options = options;
    shared.subscription_id = subscription_id;
    shared.member->qos.store(options.qos, std::memory_order_relaxed);
    return shared;
  }
  if (place == nullptr) place = &list.emplace_back();
  auto* extra = new session::DeliveryExtra;
  extra->shared_subscription = static_cast<std::uint32_t>(place - list.data());
  auto* member = new routing::GroupMember(handle_of(session), session.entry->hash, std::string(text), std::string(group));
  member->qos.store(options.qos, std::memory_order_relaxed);
  member->full.store(session.told_full, std::memory_order_relaxed);
  place->extra = Ref<session::DeliveryExtra>::adopt(extra);
  place->member = Ref<routing::GroupMember>::adopt(member);
  place->options = options;
  place->subscription_id = subscription_id;
  place->share_number = share_number != 0 ? share_number : session.stored ? session.stored->next_share++ : 0;
  place->filter = core_.tree.add_member(text, group, place->member);
  ++session.shared_count;
  if (mqtt::has_wildcard(text)) ++session.wildcard_count;
  counters_.subscriptions.add();
  counters_.shared_subscriptions.add();
  return *place;
}

}  // namespace tombo::broker
