// Messages that a plugin of Mosquitto's interface looks at, changes, or is ordered by.
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/exports.hpp"
#include "plugin/mosquitto/module.hpp"
#include "plugin/mosquitto/properties.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
template <class T>
using Allocated = std::unique_ptr<T, FreeMemory>;

/// A copy that ends with a NUL, in memory that a plugin may free or exchange.
template <class T>
Allocated<T> copied(std::string_view bytes) {
  auto* copy = static_cast<char*>(std::malloc(bytes.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, bytes.data(), bytes.size());
  copy[bytes.size()] = '\0';
  return Allocated<T>{reinterpret_cast<T*>(copy)};
}

/// What a refusal is answered with.
Decision refused(int result, std::uint8_t reason_code, const char* reason_string) {
  Decision decision;
  decision.kind = Decision::Kind::deny;
  const auto reason = static_cast<mqtt::ReasonCode>(reason_code);
  if (mqtt::is_error(reason)) decision.reason = reason;
  else if (result == kAclDenied) decision.reason = mqtt::ReasonCode::not_authorized;
  decision.why = reason_string != nullptr ? std::string{reason_string, ::strnlen(reason_string, kWhyMax)}
                                          : fmt::format("error {}", result);
  return decision;
}

/// The message that a callback works on.  What it puts in the place of our memory is freed here, as ours is.
class Draft {
 public:
  explicit Draft(const KeptMessage& from)
      : from_(from),
        topic_(copied<char>(from.topic)),
        payload_(copied<void>(from.payload)),
        properties_(properties_of(from.properties)) {
    event.topic = topic_.get();
    event.payload = from.payload.empty() ? nullptr : payload_.get();
    event.payloadlen = static_cast<std::uint32_t>(from.payload.size());
    event.properties = properties_.get();
    event.qos = static_cast<std::uint8_t>(from.qos);
    event.retain = from.retain;
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (event.topic != topic_.get()) mosquitto_free(event.topic);
    if (event.payload != payload_.get()) mosquitto_free(event.payload);
    static_cast<void>(properties_.release());  // the list may have another beginning now, or be gone
    FreeProperties{}(event.properties);
    mosquitto_free(event.reason_string);
  }

  /// What was changed; the failure says what cannot be.
  Result<std::shared_ptr<const WantedChanges>, std::string> changes() const;

  EvtMessage event{};

 private:
  const KeptMessage& from_;
  Allocated<char> topic_;
  Allocated<void> payload_;
  OwnedProperties properties_;
};

Result<std::shared_ptr<const WantedChanges>, std::string> Draft::changes() const {
  auto wanted = std::make_shared<WantedChanges>();
  bool any = false;
  if (event.topic == nullptr) return Failure{std::string{"it took the topic away"}};
  const std::string_view topic{event.topic, ::strnlen(event.topic, kTextMax + 1)};
  if (topic != from_.topic) {
    if (topic.size() > kTextMax || !mqtt::is_valid_text(topic) || !mqtt::is_valid_topic_name(topic)) {
      return Failure{std::string{"it made a topic that is none"}};
    }
    wanted->changes.topic = topic;
    any = true;
  }
  if (event.payloadlen > kPayloadMax) return Failure{std::string{"it made a payload that is too large"}};
  if (event.payloadlen > 0 && event.payload == nullptr) return Failure{std::string{"its payload has a length and no data"}};
  const std::string_view payload{static_cast<const char*>(event.payload), event.payloadlen};
  if (payload != from_.payload) {
    wanted->changes.payload = payload;
    any = true;
  }
  if (event.qos > 2) return Failure{std::string{"it made a QoS above 2"}};
  if (event.qos != static_cast<std::uint8_t>(from_.qos)) wanted->changes.qos = static_cast<mqtt::Qos>(event.qos), any = true;
  if (event.retain != from_.retain) wanted->changes.retain = event.retain, any = true;
  const auto raw = raw_of(event.properties, mqtt::PropertySet::publish);
  if (!raw) return Failure{std::string{"it made properties that no PUBLISH may have"}};
  if (raw->raw != from_.properties) {
    wanted->changes.properties = raw->raw;
    wanted->changes.user_properties = raw->user_properties;
    any = true;
  }
  return any ? std::shared_ptr<const WantedChanges>{std::move(wanted)} : nullptr;
}

}  // namespace

Decision Module::message(Event event, const ClientFacts& facts, const KeptMessage& message) {
  const Entered entered{*this};
  Draft draft{message};
  draft.event.client = &clients_.now(facts);
  for (const Registered& each : std::vector<Registered>{callbacks_[event]}) {
    const int result = each.call(event, &draft.event, each.user_data);
    if (result != kSuccess && result != kPluginDefer && result != kPluginIgnore) {
      return refused(result, draft.event.reason_code, draft.event.reason_string);
    }
  }
  Decision decision;
  auto changes = draft.changes();
  if (!changes) return refusal(changes.error());
  decision.kind = Decision::Kind::allow;
  decision.changes = std::move(changes.value());
  return decision;
}

std::optional<Decision> Module::control(const ClientFacts& facts, const KeptMessage& message) {
  const Entered entered{*this};
  for (const Registered& each : std::vector<Registered>{callbacks_[kControl]}) {
    if (each.topic != message.topic) continue;
    const auto payload = copied<void>(message.payload);
    const OwnedProperties properties = properties_of(message.properties);
    EvtControl event{};
    event.client = &clients_.now(facts);
    event.topic = message.topic.c_str();
    event.payload = message.payload.empty() ? nullptr : payload.get();
    event.payloadlen = static_cast<std::uint32_t>(message.payload.size());
    event.properties = properties.get();
    event.qos = static_cast<std::uint8_t>(message.qos);
    event.retain = message.retain;
    const int result = each.call(kControl, &event, each.user_data);
    const Allocated<char> reason{event.reason_string};
    // An order that could not be carried out was received all the same; only a reason code says so.
    if (mqtt::is_error(static_cast<mqtt::ReasonCode>(event.reason_code))) return refused(result, event.reason_code, reason.get());
    Decision decision;
    decision.kind = Decision::Kind::allow;
    return decision;
  }
  return {};
}

}  // namespace tombo::plugin::mosquitto
