#include "plugin/host/publish_chain.hpp"

#include "plugin/mosquitto/module.hpp"

#include <utility>

namespace tombo::plugin {

int call_on_publish(const LoadedPlugin& plugin, std::uint64_t ticket, const Publication& publication) {
  const CClient client{publication.client};
  CMessage message{publication.topic, publication.payload, publication.qos, publication.retain, publication.properties};
  message.form.is_will = publication.is_will ? 1 : 0;
  return plugin.calls().on_publish(plugin.self(), ticket, &client.form, &message.form);
}

PublishChain::PublishChain(const std::vector<LoadedPlugin*>& watchers, Later later)
    : PublishChain(watchers, std::move(later), mosquitto::kMessageIn) {}

PublishChain::PublishChain(const std::vector<LoadedPlugin*>& watchers, Later later, mosquitto::Event event)
    : watchers_(watchers), later_(std::move(later)), event_(event) {}

mosquitto::KeptMessage kept_message(const Publication& from) {
  mosquitto::KeptMessage kept;
  kept.topic = from.topic;
  kept.payload = mqtt::text_of(from.payload);
  kept.qos = from.qos;
  kept.retain = from.retain;
  kept.properties.assign(from.properties.begin(), from.properties.end());
  return kept;
}

PublishChain::Kept::Kept(const Publication& from)
    : client(from.client),
      client_view(client.view()),
      topic(from.topic),
      payload(from.payload.begin(), from.payload.end()),
      qos(from.qos),
      retain(from.retain),
      is_will(from.is_will),
      properties(from.properties.begin(), from.properties.end()) {}

Publication PublishChain::Kept::view() const { return {client_view, topic, payload, qos, retain, is_will, properties}; }

PublishVerdict PublishChain::begin(const Publication& publication) {
  properties_.assign(publication.properties.begin(), publication.properties.end());
  // Bytes are copied where they are needed after this call: by a serial plugin, or by the next one in line.
  if (watchers_.size() > 1 || !watchers_.front()->concurrent()) {
    kept_ = std::make_shared<const Kept>(publication);
  } else {
    borrowed_ = &publication;
  }
  auto verdict = go_on(0);
  if (verdict) return std::move(*verdict);
  PublishVerdict pending;
  pending.kind = PublishVerdict::Kind::pending;
  return pending;
}

std::optional<PublishVerdict> PublishChain::go_on(std::size_t at) {
  for (; at < watchers_.size(); ++at) {
    LoadedPlugin& plugin = *watchers_[at];
    const auto decision = ask(plugin, at);
    // From here on another thread may have the chain.
    if (!decision) return {};
    if (auto verdict = take(plugin, *decision, at + 1 == watchers_.size())) return verdict;
  }
  return end();
}

std::optional<Decision> PublishChain::ask(LoadedPlugin& plugin, std::size_t at) {
  auto done = [self = shared_from_this(), at](const Decision& decision) {
    auto verdict = self->take(*self->watchers_[at], decision, at + 1 == self->watchers_.size());
    if (!verdict) verdict = self->go_on(at + 1);
    if (verdict) self->later_(std::move(*verdict));
  };
  if (plugin.guest() != nullptr) {  // never concurrent, so it is kept
    auto call = [kept = kept_, event = event_](std::uint64_t, mosquitto::Module& guest) -> std::optional<Decision> {
      return guest.message(event, mosquitto::ClientFacts{kept->client_view}, kept_message(kept->view()));
    };
    return plugin.ask_guest(std::move(call), std::move(done), kept_->bytes());
  }
  if (kept_ == nullptr) {
    const Publication* message = borrowed_;
    return plugin.ask([&plugin, message](std::uint64_t ticket) { return call_on_publish(plugin, ticket, *message); },
                      std::move(done), 0);
  }
  return plugin.ask([&plugin, kept = kept_](std::uint64_t ticket) { return call_on_publish(plugin, ticket, kept->view()); },
                    std::move(done), kept_->bytes());
}

std::optional<PublishVerdict> PublishChain::take(const LoadedPlugin& plugin, const Decision& decision, bool last) {
  using Kind = Decision::Kind;
  if (decision.kind != Kind::allow && decision.kind != Kind::unknown) {
    PublishVerdict verdict;
    verdict.kind = PublishVerdict::Kind::refuse;
    verdict.reason = reason_of(decision, mqtt::PacketType::puback);
    verdict.rule = plugin.rule_of(decision);
    return verdict;
  }
  if (decision.changes == nullptr) return {};
  merge(*decision.changes);
  if (last) return {};
  // The next plugin sees a message of its own.
  auto next = std::make_shared<Kept>(kept_->view());
  const Changes& changes = decision.changes->changes;
  if (changes.topic) next->topic = *changes.topic;
  if (changes.payload) next->payload.assign(changes.payload->begin(), changes.payload->end());
  if (changes.qos) next->qos = *changes.qos;
  if (changes.retain) next->retain = *changes.retain;
  next->properties = properties_;
  kept_ = std::move(next);
  return {};
}

void PublishChain::merge(const WantedChanges& wanted) {
  if (!changes_) changes_ = std::make_shared<Changes>();
  const Changes& from = wanted.changes;
  if (from.topic) changes_->topic = from.topic;
  if (from.payload) changes_->payload = from.payload;
  if (from.qos) changes_->qos = from.qos;
  if (from.retain) changes_->retain = from.retain;
  if (from.properties) {
    properties_ = *from.properties;
    changes_->properties = from.properties;
    changes_->user_properties = from.user_properties;
  }
  if (!wanted.user_properties) return;
  properties_ = with_user_properties(properties_, *wanted.user_properties);
  changes_->properties = properties_;
  changes_->user_properties = static_cast<std::uint16_t>(wanted.user_properties->size());
}

PublishVerdict PublishChain::end() const {
  PublishVerdict verdict;
  if (!changes_) return verdict;
  verdict.kind = PublishVerdict::Kind::change;
  verdict.changes = changes_;
  return verdict;
}

}  // namespace tombo::plugin
