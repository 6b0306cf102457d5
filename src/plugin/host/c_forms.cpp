#include "plugin/host/c_forms.hpp"

#include "mqtt/properties.hpp"

namespace tombo::plugin {

namespace {

std::size_t length_at(mqtt::Bytes bytes, std::size_t at) { return static_cast<std::size_t>(bytes[at] << 8 | bytes[at + 1]); }

/// A text with its length in front, in a section that was checked.
mqtt::Bytes field_at(mqtt::Bytes bytes, std::size_t at) { return bytes.subspan(at + 2, length_at(bytes, at)); }

tombo_text c_text(mqtt::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void append_field(std::vector<std::uint8_t>& out, std::string_view text) {
  out.push_back(static_cast<std::uint8_t>(text.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

CClient::CClient(const ClientView& client) : CClient(client.client_id, *client.principal, client.listener) {
  form.version = static_cast<std::uint32_t>(client.version);
  if (client.peer) add_peer(*client.peer);
}

CClient::CClient(std::string_view client_id, const auth::Principal& principal, std::size_t listener) {
  form.size = sizeof form;
  form.client_id = c_text(client_id);
  form.user_name = c_text(std::string_view{principal.user_name});
  form.listener = static_cast<std::uint32_t>(listener);
  add_groups(principal);
}

CClient::CClient(const auth::Login& login) {
  form.size = sizeof form;
  form.client_id = c_text(std::string_view{login.client_id});
  form.user_name = c_text(std::string_view{login.user_name});
  form.listener = static_cast<std::uint32_t>(login.listener);
  form.version = static_cast<std::uint32_t>(login.version);
  if (login.peer) add_peer(*login.peer);
}

void CClient::add_groups(const auth::Principal& principal) {
  for (const auto& group : principal.groups) groups_.push_back(c_text(std::string_view{group}));
  form.groups = groups_.data();
  form.group_count = groups_.size();
}

void CClient::add_peer(const auth::Peer& peer) {
  const auto text = [](const std::string& from) { return c_text(std::string_view{from}); };
  peer_.size = sizeof peer_;
  peer_.address = text(peer.address);
  peer_.certificate_cn = text(peer.certificate_cn);
  peer_.certificate_subject = text(peer.certificate_subject);
  peer_.psk_identity = text(peer.psk_identity);
  peer_.tls_version = text(peer.tls_version);
  peer_.server_name = text(peer.server_name);
  if (peer.unix_peer) {
    peer_.has_unix = 1;
    peer_.unix_pid = peer.unix_peer->pid;
    peer_.unix_uid = peer.unix_peer->uid;
    peer_.unix_gid = peer.unix_peer->gid;
  }
  form.peer = &peer_;
}

CLogin::CLogin(const auth::Login& login) : client_(login) {
  form.size = sizeof form;
  form.client = &client_.form;
  form.has_user_name = login.has_user_name ? 1 : 0;
  form.has_password = login.has_password ? 1 : 0;
  form.password = c_bytes(std::string_view{login.password});
}

CMessage::CMessage(std::string_view topic, mqtt::Bytes payload, mqtt::Qos qos, bool retain, mqtt::Bytes properties) {
  form.size = sizeof form;
  form.topic = c_text(topic);
  form.payload = c_bytes(payload);
  form.qos = static_cast<std::uint32_t>(qos);
  form.retain = retain ? 1 : 0;
  mqtt::for_each_property(properties, [this](mqtt::PropertyId id, mqtt::Bytes, mqtt::Bytes value) {
    switch (id) {
      case mqtt::PropertyId::content_type: form.content_type = c_text(field_at(value, 0)); break;
      case mqtt::PropertyId::response_topic: form.response_topic = c_text(field_at(value, 0)); break;
      case mqtt::PropertyId::correlation_data: form.correlation_data = c_bytes(field_at(value, 0)); break;
      case mqtt::PropertyId::user_property: {
        const mqtt::Bytes name = field_at(value, 0);
        user_properties_.push_back({c_text(name), c_text(field_at(value, 2 + name.size()))});
        break;
      }
      default: break;
    }
  });
  form.user_properties = user_properties_.data();
  form.user_property_count = user_properties_.size();
}

std::vector<std::uint8_t> with_user_properties(mqtt::Bytes properties,
                                               const std::vector<std::pair<std::string, std::string>>& wanted) {
  std::vector<std::uint8_t> out;
  mqtt::for_each_property(properties, [&](mqtt::PropertyId id, mqtt::Bytes whole, mqtt::Bytes) {
    if (id != mqtt::PropertyId::user_property) out.insert(out.end(), whole.begin(), whole.end());
  });
  for (const auto& [name, value] : wanted) {
    out.push_back(static_cast<std::uint8_t>(mqtt::PropertyId::user_property));
    append_field(out, name);
    append_field(out, value);
  }
  return out;
}

}  // namespace tombo::plugin
