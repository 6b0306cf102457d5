#pragma once

#include "auth/peer.hpp"
#include "auth/principal.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::plugin {

/// A connected client.  Borrowed for the call.
struct ClientView {
  std::string_view client_id;
  const std::shared_ptr<const auth::Principal>& principal;  // not null
  const std::shared_ptr<const auth::Peer>& peer;            // may be null
  std::size_t listener = 0;
  mqtt::Version version = mqtt::Version::v5;
  bool clean_session = true;        // its session ends with the connection
  std::uint16_t keep_alive_s = 0;
  std::size_t subscriptions = 0;
  std::shared_ptr<const std::string> certificate{};  // DER; with connected() only, where wants_certificates()
};

/// A message that a client publishes, or its will.  Borrowed for the call.
struct Publication {
  const ClientView& client;
  std::string_view topic;  // a topic alias is resolved
  mqtt::Bytes payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  bool is_will = false;
  mqtt::Bytes properties;  // as in PropertiesView::raw, checked
};

/// What a plugin made of a message; what is not set stays as it is.  Checked: a valid topic name, valid texts.
struct Changes {
  std::optional<std::string> topic;
  std::optional<std::string> payload;
  std::optional<mqtt::Qos> qos;
  std::optional<bool> retain;
  std::optional<std::vector<std::uint8_t>> properties;  // takes the place of Publication::properties, same form
  std::uint16_t user_properties = 0;                    // how many are in `properties`
};

/// What becomes of a message.
struct PublishVerdict {
  enum class Kind : std::uint8_t { pass, change, refuse, pending };
  Kind kind = Kind::pass;
  std::shared_ptr<const Changes> changes;                                           // with change
  mqtt::ReasonCode reason = mqtt::ReasonCode::implementation_specific_error;        // with refuse; PUBACK may carry it
  std::shared_ptr<const std::string> rule;                                          // with refuse: "plugin:NAME: why"
};

/// A message for one subscriber.  Borrowed for the call.
struct DeliveryView {
  const ClientView& to;
  std::string_view topic;
  mqtt::Bytes payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  mqtt::Bytes properties;
};
enum class DeliverVerdict : std::uint8_t { pass, replace, drop };

struct SubscribedView {
  std::string_view filter;  // as the client gave it
  mqtt::SubscribeOptions options;
  mqtt::Qos granted = mqtt::Qos::at_most_once;
  std::uint32_t subscription_id = 0;
};

/// What the broker tells plugins.  It holds a pointer that is null where there are none, or none that listens.
/// Lives on: called on every shard at the same time; nothing here blocks, what is needed longer is copied.
class Events {
 public:
  virtual ~Events() = default;

  /// A CONNECT was accepted; the session is the client's.
  virtual void connected(const ClientView& client) = 0;
  /// The connection of a client of which connected() was told has ended, for whatever reason; before connected() for
  /// another connection with its client id.
  virtual void disconnected(const ClientView& client, mqtt::ReasonCode reason) = 0;
  /// For each subscription that was granted.
  virtual void subscribed(const ClientView& client, const SubscribedView& subscription) = 0;
  virtual void unsubscribed(const ClientView& client, std::string_view filter) = 0;

  /// Whether anybody may ask for the certificates of clients; does not change while the broker runs.
  virtual bool wants_certificates() const { return false; }

  /// Whether on_publish() would ask anybody; does not change while the broker runs.
  virtual bool watches_publish() const = 0;
  /// Asks what becomes of a message that its client may publish.  Answers at once, or says `pending` and calls `later` exactly
  /// once, from any thread, perhaps before this returns.
  virtual PublishVerdict on_publish(const Publication& publication, std::function<void(PublishVerdict)> later) = 0;

  /// Whether messages below $CONTROL/ are orders to plugins; does not change while the broker runs.
  virtual bool takes_control() const { return false; }
  /// Such an order, which its client may give, and which goes to nobody else; answered as on_publish().
  virtual PublishVerdict on_control(const Publication&, std::function<void(PublishVerdict)>) { return {}; }

  /// Whether on_deliver_later() would ask anybody; does not change while the broker runs.
  virtual bool watches_deliver_later() const { return false; }
  /// Asks what becomes of a message on its way to one subscriber, who waits; answered as on_publish().
  virtual PublishVerdict on_deliver_later(const DeliveryView&, std::function<void(PublishVerdict)>) { return {}; }

  virtual bool watches_deliver() const = 0;
  /// Asks whether one subscriber gets a message, and fills `payload` with what it gets instead when it says `replace`.
  virtual DeliverVerdict on_deliver(const DeliveryView& delivery, std::string& payload) = 0;
};

}  // namespace tombo::plugin
