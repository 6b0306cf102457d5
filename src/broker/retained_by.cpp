#include "broker/retained_by.hpp"

#include "broker/kept_owner.hpp"

#include <utility>

namespace tombo::broker {

RetainedBy::RetainedBy(std::string_view id, std::shared_ptr<const auth::Principal> who, std::uint16_t by_listener)
    : RetainedSource(id), principal(std::move(who)), listener(by_listener) {}

std::string row_of(const routing::RetainedSource* source) {
  if (source == nullptr) return {};
  const auto& by = static_cast<const RetainedBy&>(*source);
  store::SourceRow row;
  row.client_id = by.client_id;
  row.user_name = by.principal->user_name;
  row.vouched = !by.principal->backend.empty();
  row.owner = owner_row_of(*by.principal, by.listener);
  return store::encode(row);
}

std::shared_ptr<const routing::RetainedSource> source_of(std::string_view row) {
  if (row.empty()) return nullptr;
  const auto known = store::decode_source(row);
  if (!known) return nullptr;
  std::uint16_t listener = 0;
  auto principal = kept_owner(known->user_name, known->vouched, known->owner, listener);
  return std::make_shared<RetainedBy>(known->client_id, std::move(principal), listener);
}

}  // namespace tombo::broker
