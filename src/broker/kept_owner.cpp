#include "broker/kept_owner.hpp"

#include <utility>

namespace tombo::broker {

std::string owner_row_of(const auth::Principal& principal, std::uint16_t listener) {
  const bool name_says_all = principal.groups.empty() && principal.grants.empty() && !principal.has_grants &&
                             principal.attributes.empty() && listener == 0;
  if (name_says_all) return {};
  store::OwnerRow row;
  row.backend = principal.backend;
  row.groups = principal.groups;
  for (const auto& grant : principal.grants) row.grants.push_back({grant.filter, grant.publish, grant.subscribe, grant.allow});
  row.has_grants = principal.has_grants;
  row.attributes = principal.attributes;
  row.listener = listener;
  return store::encode(row);
}

std::shared_ptr<const auth::Principal> kept_owner(std::string_view user_name, bool vouched, std::string_view owner,
                                                  std::uint16_t& listener) {
  auto kept = vouched ? auth::kept_user(user_name) : auth::somebody(user_name);
  if (owner.empty()) return kept;
  auto known = store::decode_owner(owner);
  if (!known) return kept;  // less is known, so less is allowed
  auto principal = std::make_shared<auth::Principal>(*kept);
  principal->backend = std::move(known->backend);
  principal->groups = std::move(known->groups);
  for (auto& grant : known->grants) principal->grants.push_back({std::move(grant.filter), grant.publish, grant.subscribe, grant.allow});
  principal->has_grants = known->has_grants;
  principal->attributes = std::move(known->attributes);
  listener = static_cast<std::uint16_t>(known->listener);
  return principal;
}

std::shared_ptr<const auth::Principal> kept_owner(const store::SessionRow& row, std::uint16_t& listener) {
  return kept_owner(row.user_name, row.vouched, row.will ? std::string_view{row.will->owner} : std::string_view{}, listener);
}

}  // namespace tombo::broker
