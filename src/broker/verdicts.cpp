#include "broker/shard.hpp"

#include <utility>

namespace tombo::broker {

// A packet that needs a verdict which is not there yet stays where it is, unconsumed; its client is paused and the
// packet handled afresh when the answer has come.  So a packet handler asks first and acts only when every answer is
// there.

Verdicts& Shard::verdicts_of(Client& client) {
  if (!client.verdicts) {
    client.verdicts = std::make_unique<Verdicts>();
    client.verdicts->since = now_;
  }
  return *client.verdicts;
}

std::uint64_t Shard::wait_for_verdict(Client& client) {
  static_cast<void>(verdicts_of(client));
  const std::uint64_t ticket = ++next_ticket_;
  client.verdicts->ticket = ticket;
  asking_.emplace(ticket, &client);
  return ticket;
}

Shard::Ask Shard::ask_login(Client& client, const mqtt::ConnectView& connect, std::string_view client_id) {
  if (!client.verdicts || !client.verdicts->login) {
    const std::uint64_t ticket = wait_for_verdict(client);
    Mailbox& mailbox = core_.mailbox(id_);
    auto answer = core_.authenticator().login(login_of(client, connect, client_id), [&mailbox, ticket](auth::LoginAnswer late) {
      mailbox.post_call([ticket, late = std::move(late)](Shard& shard) {
        shard.verdict_came(ticket, [&](Verdicts& verdicts) { verdicts.login = late; });
      });
    });
    if (answer.decision == auth::Decision::pending) {
      client.paused_for_verdict = true;
      client.transport->pause_reading();
      return Ask::pending;
    }
    asking_.erase(ticket);
    client.verdicts->login = std::move(answer);
  }
  if (client.verdicts->login->decision == auth::Decision::allow) return Ask::allowed;
  note_refused_login(client, login_of(client, connect, client_id), client.verdicts->login->reason, client.verdicts->login->why);
  return Ask::denied;
}

/// What the rights say, where they always answer at once; most of the time it is remembered.
auth::AccessAnswer Shard::judge_access(Client& client, const auth::Access& access) {
  auto& authenticator = core_.authenticator();
  const std::uint64_t policy = authenticator.policy();
  if (client.rights) {
    if (const auto* known = client.rights->find(policy, access)) return *known;
  }
  auto answer = authenticator.access(access, [](auth::AccessAnswer) {});
  if (answer.decision == auth::Decision::pending) answer.decision = auth::Decision::deny;  // a reload came in between
  remember(client, policy, access, answer);
  return answer;
}

void Shard::remember(Client& client, std::uint64_t policy, const auth::Access& access, const auth::AccessAnswer& answer) {
  if (!client.rights) {
    client.rights = std::make_unique<auth::acl::ClientVerdicts>(options_->acl.cache_entries_max, core_.random_seed());
  }
  client.rights->remember(policy, access, answer);
}

Shard::Ask Shard::ask_access(Client& client, const auth::Access& access, auth::AccessAnswer& answer) {
  auto& authenticator = core_.authenticator();
  if (!authenticator.restricts_access()) return Ask::allowed;
  if (authenticator.remembers()) {
    answer = judge_access(client, access);
  } else if (const auto* known = client.rights ? client.rights->find(authenticator.policy(), access) : nullptr) {
    answer = *known;
  } else {
    const std::uint64_t policy = authenticator.policy();
    if (!wait_for_access(client, access, answer)) return Ask::pending;
    if (answer.keeps && client.state == Client::State::active) remember(client, policy, access, answer);
  }
  if (answer.decision == auth::Decision::allow) return Ask::allowed;
  if (!mqtt::is_error(answer.reason)) answer.reason = mqtt::ReasonCode::not_authorized;
  note_refused_access(client, access, answer);
  return Ask::denied;
}

/// Asks somebody who may take his time; false: the answer is not there yet.
bool Shard::wait_for_access(Client& client, const auth::Access& access, auth::AccessAnswer& answer) {
  Verdicts* known = client.verdicts.get();
  if (known == nullptr || known->used == known->access.size()) {
    const std::uint64_t ticket = wait_for_verdict(client);
    Mailbox& mailbox = core_.mailbox(id_);
    auto given = core_.authenticator().access(access, [&mailbox, ticket](auth::AccessAnswer late) {
      mailbox.post_call([ticket, late](Shard& shard) {
        shard.verdict_came(ticket, [&](Verdicts& verdicts) { verdicts.access.push_back(late); });
      });
    });
    if (given.decision == auth::Decision::pending) {
      client.paused_for_verdict = true;
      client.transport->pause_reading();
      client.verdicts->used = 0;
      return false;
    }
    asking_.erase(ticket);
    known = client.verdicts.get();
    known->access.push_back(std::move(given));
  }
  answer = known->access[known->used++];
  return true;
}

void Shard::verdict_came(std::uint64_t ticket, std::function<void(Verdicts&)> note) {
  const auto asking = asking_.find(ticket);
  if (asking == asking_.end()) return;  // the client has gone meanwhile
  Client& client = *asking->second;
  asking_.erase(asking);
  note(*client.verdicts);
  client.verdicts->ticket = 0;
  client.paused_for_verdict = false;
  // It was not the client who took the time; before CONNECT is accepted that is counted otherwise.
  if (client.state == Client::State::active) client.last_packet = now_;
  resume_if_free(client);
}

}  // namespace tombo::broker
