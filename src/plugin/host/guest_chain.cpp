#include "plugin/host/guest_chain.hpp"

#include "plugin/mosquitto/module.hpp"

#include <string>
#include <utility>

namespace tombo::plugin {

namespace {

/// Besides the texts that a call holds.
constexpr std::size_t kCallBytes = 512;

/// An access that somebody keeps.
struct KeptAccess {
  explicit KeptAccess(const auth::Access& from)
      : client_id(from.client_id),
        topic(from.topic),
        principal(from.principal),
        payload(from.payload.begin(), from.payload.end()),
        access{from.action, client_id, principal, from.listener, topic, from.qos, from.retain, from.shared, payload} {}
  KeptAccess(const KeptAccess&) = delete;
  KeptAccess& operator=(const KeptAccess&) = delete;

  const std::string client_id;
  const std::string topic;
  const std::shared_ptr<const auth::Principal> principal;
  const std::vector<std::uint8_t> payload;
  const auth::Access access;
};

auth::AccessAnswer answer_of(const LoadedPlugin* plugin, const Decision& decision, auth::Action action, bool must_be_said) {
  auth::AccessAnswer answer;
  if (plugin == nullptr) {
    // As if there were no such plugin, where all say so; but that opens nothing that is closed.
    if (decision.ignored && !must_be_said) return answer;
    answer.decision = auth::Decision::deny;
    static const auto kNobody = std::make_shared<const std::string>("plugins: none of them allows it");
    answer.rule = kNobody;
    return answer;
  }
  if (decision.kind == Decision::Kind::allow) {
    answer.rule = plugin->rule();
    return answer;
  }
  answer.decision = auth::Decision::deny;
  answer.rule = plugin->rule_of(decision);
  const bool filter = action == auth::Action::subscribe || action == auth::Action::unsubscribe;
  answer.reason = reason_of(decision, filter ? mqtt::PacketType::suback : mqtt::PacketType::puback);
  return answer;
}

}  // namespace

void GuestChain::go_on(std::size_t at) {
  for (; at < guests_.size(); ++at) {
    LoadedPlugin& plugin = *guests_[at];
    auto done = [self = shared_from_this(), at](const Decision& decision) {
      if (!self->take(*self->guests_[at], decision)) self->go_on(at + 1);
    };
    const auto decision = plugin.ask_guest(call_, std::move(done), bytes_);
    if (!decision || take(plugin, *decision)) return;
  }
  Decision nobody;
  nobody.kind = Decision::Kind::unknown;
  nobody.ignored = ignored_;
  done_(nullptr, nobody);
}

bool GuestChain::take(const LoadedPlugin& plugin, const Decision& decision) {
  if (decision.kind == Decision::Kind::unknown) {
    ignored_ = ignored_ && decision.ignored;
    return false;
  }
  done_(&plugin, decision);
  return true;
}

auth::AccessAnswer GuestReferee::judge(const auth::Access& access, std::function<void(auth::AccessAnswer)> later) {
  const auto kept = std::make_shared<const KeptAccess>(access);
  const std::size_t bytes = kCallBytes + kept->client_id.size() + kept->topic.size() + kept->payload.size();
  auto call = [kept](std::uint64_t, mosquitto::Module& guest) { return std::optional{guest.access(kept->access)}; };
  const bool must_be_said = access.topic.starts_with("$CONTROL/") && access.action == auth::Action::publish;
  auto done = [action = access.action, must_be_said, keeps = keeps_, later = std::move(later)](const LoadedPlugin* plugin,
                                                                                             const Decision& decision) {
    auto answer = answer_of(plugin, decision, action, must_be_said);
    // A refusal for want of time is not remembered.
    answer.keeps = keeps && (plugin == nullptr || decision.kind == Decision::Kind::allow ||
                             (decision.kind == Decision::Kind::deny && decision.reason != mqtt::ReasonCode::server_busy));
    later(std::move(answer));
  };
  std::make_shared<GuestChain>(guests_, std::move(call), bytes, std::move(done))->begin();
  return {.decision = auth::Decision::pending, .reason = {}, .rule = nullptr};
}

}  // namespace tombo::plugin
