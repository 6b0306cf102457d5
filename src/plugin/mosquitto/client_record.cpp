#include "plugin/mosquitto/client_record.hpp"

#include <algorithm>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

/// "192.0.2.1:40000" and "[2001:db8::1]:40000" without what is not the address.
std::string host_part(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon != std::string_view::npos && address.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
    address = address.substr(0, colon);
  }
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  return std::string{address};
}

void name(::mosquitto& client, const auth::Principal& principal) {
  client.user_name = principal.user_name;
  client.has_user_name = !principal.user_name.empty();
}

}  // namespace

void ClientRecords::fill(::mosquitto& client, std::size_t listener, const auth::Peer* peer,
                         mqtt::Version version) const {
  const ListenerFacts facts = host_.listener(listener);
  client.listener_port = facts.port;
  client.websocket = facts.websocket;
  client.address = peer != nullptr ? host_part(peer->address) : std::string{};
  client.version = version == mqtt::Version::v5 ? 5 : version == mqtt::Version::v3_1_1 ? 4 : 3;
}

std::unique_ptr<::mosquitto> ClientRecords::make(const auth::Login& login) const {
  auto client = std::make_unique<::mosquitto>();
  client->client_id = login.client_id;
  client->has_user_name = login.has_user_name;
  client->user_name = login.user_name;
  client->clean_session = login.clean_start;
  client->keep_alive_s = login.keep_alive_s;
  client->certificate = login.certificate;
  fill(*client, login.listener, login.peer.get(), login.version);
  return client;
}

::mosquitto& ClientRecords::begins(const auth::Login& login) {
  static_cast<void>(take(login));  // another one was at this address
  steps_order_.push_back(&login);
  if (steps_order_.size() > kEnteringMax) {
    steps_.erase(steps_order_.front());
    steps_order_.pop_front();
  }
  return *(steps_[&login] = make(login));
}

::mosquitto* ClientRecords::goes_on(const auth::Login& login) {
  const auto known = steps_.find(&login);
  return known == steps_.end() ? nullptr : known->second.get();
}

bool ClientRecords::logs_in(const ::mosquitto& client) const {
  return std::any_of(steps_.begin(), steps_.end(), [&](const auto& one) { return one.second.get() == &client; });
}

std::unique_ptr<::mosquitto> ClientRecords::take(const auth::Login& login) {
  const auto known = steps_.find(&login);
  if (known == steps_.end()) return nullptr;
  auto client = std::move(known->second);
  steps_.erase(known);
  std::erase(steps_order_, &login);
  return client;
}

void ClientRecords::let_in(std::unique_ptr<::mosquitto> client) {
  auto& place = entering_[client->client_id];
  if (place == nullptr) entering_order_.push_back(client->client_id);
  place = std::move(client);
  if (entering_order_.size() <= kEnteringMax) return;
  entering_.erase(entering_order_.front());
  entering_order_.pop_front();
}

::mosquitto& ClientRecords::arrives(const ClientFacts& facts) {
  auto& place = present_[facts.client_id];
  if (const auto entered = entering_.find(facts.client_id); entered != entering_.end()) {
    place = std::move(entered->second);
    entering_.erase(entered);
    std::erase(entering_order_, facts.client_id);
  }
  if (place == nullptr) place = std::make_unique<::mosquitto>();
  place->client_id = facts.client_id;
  place->renamed = false;
  place->clean_session = facts.clean_session;
  place->keep_alive_s = facts.keep_alive_s;
  place->subscriptions = facts.subscriptions;
  place->certificate = facts.certificate;
  fill(*place, facts.listener, facts.peer.get(), facts.version);
  name(*place, *facts.principal);
  return *place;
}

::mosquitto* ClientRecords::find(const std::string& client_id) {
  const auto known = present_.find(client_id);
  return known == present_.end() ? nullptr : known->second.get();
}

::mosquitto& ClientRecords::now(const ClientFacts& facts) {
  ::mosquitto* client = find(facts.client_id);
  if (client == nullptr) {
    passing_ = {};
    client = &passing_;
    client->client_id = facts.client_id;
    fill(*client, facts.listener, facts.peer.get(), facts.version);
    name(*client, *facts.principal);
  }
  client->clean_session = facts.clean_session;
  client->keep_alive_s = facts.keep_alive_s;
  client->subscriptions = facts.subscriptions;
  return *client;
}

::mosquitto& ClientRecords::who(const auth::Access& access) {
  const std::string& user = access.principal->user_name;
  const std::string id{access.client_id};
  // A connection that takes another's place may be another user: its will is judged while the elder is still there.
  const auto fits = [&](const ::mosquitto& client) {
    return client.user_name == user || (client.renamed && client.name_before == user);
  };
  if (::mosquitto* client = find(id); client != nullptr && fits(*client)) return *client;
  if (const auto entered = entering_.find(id); entered != entering_.end() && fits(*entered->second))
    return *entered->second;
  passing_ = {};
  passing_.client_id = id;
  fill(passing_, access.listener, nullptr, mqtt::Version::v5);
  name(passing_, *access.principal);
  return passing_;
}

::mosquitto& ClientRecords::stranger(std::size_t listener, const auth::Peer& peer) {
  passing_ = {};
  fill(passing_, listener, &peer, mqtt::Version::v3_1_1);
  return passing_;
}

void ClientRecords::clear() {
  present_.clear();
  entering_.clear();
  entering_order_.clear();
  steps_.clear();
  steps_order_.clear();
}

}  // namespace tombo::plugin::mosquitto
