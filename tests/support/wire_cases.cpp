#include "support/wire_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {
namespace {

WireCase case_of(const WireRow& row) {
  WireCase result{std::string(row.name), std::string(row.covers), row.version, row.sender, wire(row.text), true, {}};
  if (row.reason != mqtt::ReasonCode::success) {
    result.ok = false;
    result.reason = row.reason;
  }
  return result;
}

/// The packet with its body cut after `size` bytes and the Remaining Length corrected; for short packets.
WireCase cut(const WireCase& whole, std::size_t size) {
  WireCase result = whole;
  result.name += ", cut after " + std::to_string(size);
  result.covers.clear();
  result.bytes.resize(2 + size);
  result.bytes[1] = static_cast<std::uint8_t>(size);
  result.ok = false;
  result.reason.reset();
  return result;
}

/// The packet with one byte more than it should have.
WireCase lengthened(const WireCase& whole) {
  WireCase result = whole;
  result.name += ", a byte too long";
  result.covers.clear();
  result.bytes.push_back(0);
  ++result.bytes[1];
  result.ok = false;
  result.reason.reset();
  return result;
}

/// Whether the last field takes any number of bytes: a payload, or a list of codes.
bool ends_openly(const WireCase& whole) {
  const auto type = static_cast<mqtt::PacketType>(whole.bytes[0] >> 4);
  return type == mqtt::PacketType::publish || type == mqtt::PacketType::suback ||
         (type == mqtt::PacketType::unsuback && whole.version == mqtt::Version::v5);
}

void add(std::vector<WireCase>& cases, std::span<const WireRow> rows) {
  for (const WireRow& row : rows) {
    const WireCase& whole = cases.emplace_back(case_of(row));
    if (!row.cuts) continue;
    const WireCase copy = whole;
    for (std::size_t size = 0; size + 2 < copy.bytes.size(); ++size) cases.push_back(cut(copy, size));
    if (!ends_openly(copy)) cases.push_back(lengthened(copy));
  }
}

std::vector<WireCase> make_all() {
  std::vector<WireCase> cases;
  add(cases, connect_rows());
  add(cases, publish_rows());
  add(cases, ack_rows());
  add(cases, subscription_rows());
  add(cases, control_rows());
  for (WireCase& made : property_cases()) cases.push_back(std::move(made));
  return cases;
}

}  // namespace

const std::vector<WireCase>& wire_cases() {
  static const std::vector<WireCase> kCases = make_all();
  return kCases;
}

}  // namespace tombo::test
