#include "auth/http/request.hpp"

#include "base/base64.hpp"
#include "mqtt/utf8.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace tombo::auth {

namespace {

using Json = nlohmann::json;

/// "192.0.2.1" of "192.0.2.1:40000".
std::string without_port(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return address;
  const bool is_v6_alone = address.find(':') != colon && !address.starts_with('[');
  return is_v6_alone ? address : address.substr(0, colon);
}

std::string_view name_of(mqtt::Version version) {
  switch (version) {
    case mqtt::Version::v3_1: return "3.1";
    case mqtt::Version::v3_1_1: return "3.1.1";
    default: return "5";
  }
}

std::string_view name_of(Action action) {
  switch (action) {
    case Action::publish: return "publish";
    case Action::subscribe: return "subscribe";
    default: return "receive";
  }
}

HttpQuestion question(const Json& json, const KeyedHash& hash) {
  HttpQuestion made;
  // Only what came from a certificate may be no text.
  made.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  made.key = hash.of({made.body});
  return made;
}

}  // namespace

HttpQuestion ask_login(const Login& login, const KeyedHash& hash) {
  const Peer& peer = *login.peer;
  Json json{{"client_id", login.client_id},
            {"address", without_port(peer.address)},
            {"listener", login.listener},
            {"protocol", name_of(login.version)}};
  if (login.has_user_name) json["user"] = login.user_name;
  if (login.has_password) {
    const bool is_text = mqtt::is_valid_text(login.password);
    json[is_text ? "password" : "password_base64"] = is_text ? login.password : base64(login.password);
  }
  const auto tell = [&json](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  tell("tls_version", peer.tls_version);
  tell("certificate_cn", peer.certificate_cn);
  tell("certificate_subject", peer.certificate_subject);
  tell("psk_identity", peer.psk_identity);
  tell("server_name", peer.server_name);
  tell("proved_user", peer.user_name);
  if (!peer.certificate_names.empty()) json["certificate_names"] = peer.certificate_names;
  if (peer.unix_peer) json["uid"] = peer.unix_peer->uid;
  return question(json, hash);
}

HttpQuestion ask_access(const Access& access, const KeyedHash& hash) {
  Json json{{"action", name_of(access.action)}, {"client_id", access.client_id},
            {"listener", access.listener},      {"user", access.principal->user_name},
            {"topic", access.topic},            {"qos", static_cast<unsigned>(access.qos)},
            {"retain", access.retain}};
  if (!access.principal->groups.empty()) json["groups"] = access.principal->groups;
  return question(json, hash);
}

}  // namespace tombo::auth
