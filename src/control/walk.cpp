#include "control/walk.hpp"

#include "control/limits.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::control {

WalkPlace::WalkPlace(const broker::Core& core) {
  for (unsigned i = 0; i < core.shards(); ++i) {
    const auto& counters = core.counters(static_cast<routing::ShardId>(i));
    begun_.push_back(static_cast<std::uint32_t>(counters.sessions_begun.get()));
  }
}

std::string WalkPlace::token() const {
  std::vector<std::uint32_t> numbers{shard, slot, record, generation};
  numbers.insert(numbers.end(), begun_.begin(), begun_.end());
  return to_token(numbers);
}

std::optional<WalkPlace> WalkPlace::from(const broker::Core& core, std::string_view token) {
  constexpr std::size_t kOwn = 4;
  const auto numbers = from_token(token);
  if (!numbers || numbers->size() != kOwn + core.shards() || (*numbers)[0] >= core.shards()) return std::nullopt;
  WalkPlace place(core);
  place.shard = static_cast<routing::ShardId>((*numbers)[0]);
  place.slot = (*numbers)[1];
  place.record = (*numbers)[2];
  place.generation = (*numbers)[3];
  place.begun_.assign(numbers->begin() + kOwn, numbers->end());
  return place;
}

std::uint64_t limit_of(Arguments& arguments) { return arguments.number("limit", 0, 0, kRowsMax); }

WalkPlace place_of(const broker::Core& core, Arguments& arguments) {
  const auto token = arguments.given_text("after");
  if (!token) return WalkPlace(core);
  if (auto place = WalkPlace::from(core, *token)) return *place;
  arguments.refuse("'after' is no place that this broker has named");
  return WalkPlace(core);
}

namespace {
template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string_view version_name(std::uint8_t version) { return version == 5 ? "5.0" : version == 4 ? "3.1.1" : "3.1"; }

Json expiry_of(const broker::SessionSeen& seen) {
  return seen.expiry_s == mqtt::kSessionNeverExpires ? Json("never") : Json(seen.expiry_s);
}
}  // namespace

std::string listener_name(const config::Options& options, std::size_t index) {
  if (index >= options.listeners.size()) return {};
  const auto& listener = options.listeners[index];
  if (listener.is_unix()) return listener.address;  // it has no port
  const bool is_v6 = listener.address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", listener.address, listener.port) : fmt::format("{}:{}", listener.address, listener.port);
}

Json client_row(const broker::SessionSeen& seen, const config::Options& options) {
  return Json{{"id", seen.client_id},
              {"address", seen.address},
              {"listener", listener_name(options, seen.listener)},
              {"user", text_or_null(seen.user_name)},
              {"version", version_name(seen.version)},
              {"keep_alive_s", seen.keep_alive_s},
              {"connected_for_s", seen.connected_for_s},
              {"in_flight", seen.in_flight},
              {"queued", seen.queued},
              {"queued_bytes", seen.queued_bytes},
              {"subscriptions", seen.subscriptions},
              {"shard", seen.shard}};
}

Json session_row(const broker::SessionSeen& seen) {
  return Json{{"id", seen.client_id},
              {"connected", seen.connected},
              {"user", text_or_null(seen.user_name)},
              {"expiry_s", expiry_of(seen)},
              {"expires_in_s", or_null(seen.expires_in_s)},
              {"in_flight", seen.in_flight},
              {"queued", seen.queued},
              {"queued_bytes", seen.queued_bytes},
              {"oldest_s", or_null(seen.oldest_s)},
              {"dropped", seen.dropped},
              {"subscriptions", seen.subscriptions},
              {"will", seen.has_will},
              {"shard", seen.shard}};
}

Json principal_row(const auth::Principal& principal) {
  Json attributes = Json::array();
  for (const auto& [name, value] : principal.attributes) attributes.push_back(Json::array({name, value}));
  return Json{{"user", principal.user_name},
              {"backend", principal.backend},
              {"groups", principal.groups},
              {"attributes", std::move(attributes)},
              {"has_grants", principal.has_grants}};
}

Json queue_row(const broker::SessionSeen& seen) {
  return Json{{"id", seen.client_id},      {"connected", seen.connected},       {"queued", seen.queued},
              {"queued_bytes", seen.queued_bytes}, {"oldest_s", or_null(seen.oldest_s)}, {"dropped", seen.dropped},
              {"in_flight", seen.in_flight}};
}

}  // namespace tombo::control
