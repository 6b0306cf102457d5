#include "store/store_impl.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

namespace tombo::store {

namespace {
/// The packet identifier at the end of a received one's key; 0 if there is none.
mqtt::PacketId packet_id_in_key(std::string_view key) {
  if (key.size() != 11) return 0;
  return static_cast<mqtt::PacketId>(static_cast<std::uint8_t>(key[9]) << 8 | static_cast<std::uint8_t>(key[10]));
}

EngineResult<void> load_retained(const Engine& engine, const Moment& now, const Store::Rows& rows) {
  return engine.scan("r", after_prefix("r"), [&](std::string_view key, std::string_view value) {
    const auto row = decode_message(value);
    if (row) {
      rows.retained(message_of(*row, now, rows.retained_account), row->source);
    } else {
      rows.damaged(fmt::format("the retained message of {}", key.substr(1)));
    }
    return true;
  });
}
}  // namespace

EngineResult<void> Store::load(const Rows& rows) {
  const Engine& engine = *impl_->parts.engine;
  const Moment now = Moment::of(*impl_->parts.clock);
  const auto each = [&](char letter, const Engine::Visit& visit) {
    const std::string prefix(1, letter);
    return engine.scan(prefix, after_prefix(prefix), visit);
  };
  const auto damaged = [&](std::string_view what, std::string_view key) {
    rows.damaged(fmt::format("{} of session {:x}", what, number_in_key(key)));
  };
  std::unordered_map<SessionNumber, std::size_t> places;
  auto good = each('s', [&](std::string_view key, std::string_view value) {
    auto row = decode_session(value);
    if (!row) {
      damaged("the row", key);
      return true;
    }
    places.emplace(number_in_key(key), impl_->loaded.size());
    impl_->loaded.emplace_back(number_in_key(key), 0);
    rows.session(number_in_key(key), std::move(*row));
    return true;
  });
  if (!good) return good;
  good = each('h', [&](std::string_view key, std::string_view value) {
    const auto place = places.find(number_in_key(key));
    const auto head = decode_number(value);
    if (place == places.end() || !head) return true;
    impl_->loaded[place->second].second = *head;
    rows.head(number_in_key(key), *head);
    return true;
  });
  if (!good) return good;
  good = each('u', [&](std::string_view key, std::string_view value) {
    const auto row = decode_subscription(value);
    if (!row) {
      damaged("a subscription", key);
    } else if (places.contains(number_in_key(key))) {
      rows.subscription(number_in_key(key), std::string{key.substr(9)}, *row);
    }
    return true;
  });
  if (!good) return good;
  good = each('i', [&](std::string_view key, std::string_view) {
    const auto id = packet_id_in_key(key);
    if (id != 0 && places.contains(number_in_key(key))) rows.received(number_in_key(key), id);
    return true;
  });
  return good ? load_retained(engine, now, rows) : good;
}

}  // namespace tombo::store
