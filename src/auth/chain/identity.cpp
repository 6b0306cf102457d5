#include "auth/chain/identity.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tombo::auth {

namespace {

using config::UserNameFrom;

std::string_view prover(UserNameFrom from) {
  switch (from) {
    case UserNameFrom::psk_identity: return "psk";
    case UserNameFrom::unix_user: return "unix";
    default: return "certificate";
  }
}

void add_attributes(const Peer& peer, Principal& principal) {
  constexpr std::array<std::string_view, 4> kOurs{"cn", "subject", "san", "psk_identity"};
  std::erase_if(principal.attributes, [&](const auto& attribute) {
    return std::find(kOurs.begin(), kOurs.end(), attribute.first) != kOurs.end();
  });
  const auto add = [&principal](const char* name, const std::string& value) {
    if (!value.empty()) principal.attributes.emplace_back(name, value);
  };
  add("cn", peer.certificate_cn);
  add("subject", peer.certificate_subject);
  for (const auto& name : peer.certificate_names) add("san", name);
  add("psk_identity", peer.psk_identity);
}

bool has_attributes(const Peer& peer) {
  return !peer.certificate_cn.empty() || !peer.certificate_subject.empty() || !peer.certificate_names.empty() ||
         !peer.psk_identity.empty();
}

}  // namespace

std::shared_ptr<const Principal> proved_by_transport(const Door& door, const Peer& peer) {
  if (!door.takes_transport() || peer.user_name.empty()) return nullptr;
  auto principal = std::make_shared<Principal>();
  principal->user_name = peer.user_name;
  principal->backend = prover(door.user_name_from);
  add_attributes(peer, *principal);
  return principal;
}

std::shared_ptr<const Principal> with_attributes_of(const Peer& peer, std::shared_ptr<const Principal> principal) {
  if (!has_attributes(peer)) return principal;
  auto more = std::make_shared<Principal>(*principal);
  add_attributes(peer, *more);
  return more;
}

}  // namespace tombo::auth
