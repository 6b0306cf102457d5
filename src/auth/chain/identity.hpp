#pragma once

#include "auth/authenticator.hpp"
#include "auth/chain/snapshot.hpp"

#include <memory>
#include <string_view>

namespace tombo::auth {

/// Who the transport has proved the peer to be: a principal of backend "certificate", "psk" or "unix"; null: nobody.
std::shared_ptr<const Principal> proved_by_transport(const Door& door, const Peer& peer);

/// `principal` with what the transport has proved as attributes: cn, subject, san (one for each name), psk_identity.  They
/// take the place of attributes of these names that a backend told.
std::shared_ptr<const Principal> with_attributes_of(const Peer& peer, std::shared_ptr<const Principal> principal);

}  // namespace tombo::auth
