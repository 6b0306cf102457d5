#include "store/owner_row.hpp"

#include "store/row_bytes.hpp"

namespace tombo::store {

// Flags are has grants (0), of a grant publish (0), subscribe (1), allow (2).

std::string encode(const OwnerRow& row) {
  RowWriter out;
  out.byte(row.has_grants ? 1U : 0U);
  out.number(row.listener);
  out.text(row.backend);
  out.number(row.groups.size());
  for (const auto& group : row.groups) out.text(group);
  out.number(row.grants.size());
  for (const auto& grant : row.grants) {
    out.byte((grant.publish ? 1U : 0U) | (grant.subscribe ? 2U : 0U) | (grant.allow ? 4U : 0U));
    out.text(grant.filter);
  }
  out.number(row.attributes.size());
  for (const auto& [name, value] : row.attributes) {
    out.text(name);
    out.text(value);
  }
  return out.take();
}

std::optional<OwnerRow> decode_owner(std::string_view bytes) {
  RowReader in(bytes);
  OwnerRow row;
  const unsigned flags = in.byte();
  if (flags > 1) in.fail();
  row.has_grants = flags != 0;
  row.listener = in.number32();
  row.backend = in.text();
  // Each takes a byte at least, so a count that is larger than the row is not believed.
  for (std::uint64_t left = in.number(in.remaining()); left != 0 && in.ok(); --left) row.groups.emplace_back(in.text());
  for (std::uint64_t left = in.number(in.remaining()); left != 0 && in.ok(); --left) {
    const unsigned kind = in.byte();
    if (kind > 7) in.fail();
    row.grants.push_back({std::string(in.text()), (kind & 1) != 0, (kind & 2) != 0, (kind & 4) != 0});
  }
  for (std::uint64_t left = in.number(in.remaining()); left != 0 && in.ok(); --left) {
    std::string name{in.text()};
    row.attributes.emplace_back(std::move(name), in.text());
  }
  if (!in.done()) return std::nullopt;
  return row;
}

// --- source: flags are vouched (0), has an owner's row (1)

std::string encode(const SourceRow& row) {
  RowWriter out;
  out.byte((row.vouched ? 1U : 0U) | (row.owner.empty() ? 0U : 2U));
  out.text(row.client_id);
  out.text(row.user_name);
  if (!row.owner.empty()) out.text(row.owner);
  return out.take();
}

std::optional<SourceRow> decode_source(std::string_view bytes) {
  RowReader in(bytes);
  SourceRow row;
  const unsigned flags = in.byte();
  if (flags > 3) in.fail();
  row.vouched = (flags & 1) != 0;
  row.client_id = in.text();
  row.user_name = in.text();
  if ((flags & 2) != 0) {
    row.owner = in.text();
    if (!decode_owner(row.owner)) in.fail();
  }
  if (!in.done()) return std::nullopt;
  return row;
}

}  // namespace tombo::store
