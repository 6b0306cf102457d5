#pragma once

#include "routing/retained_store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

inline MonoTime at_ms(std::int64_t ms) {
  return MonoTime{Milliseconds{ms}};
}

inline Ref<mqtt::Message> message(std::string_view topic, std::string_view payload, MonoTime expires_at = kNever) {
  return mqtt::Message::create({.topic = topic,
                                .payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()},
                                .raw_properties = {},
                                .retain = true,
                                .expires_at = expires_at});
}

/// All topics that a walk finds, in steps of the size given.
inline std::vector<std::string> walk_all(routing::RetainedStore& store, std::string_view filter, std::size_t step = 100,
                                         MonoTime now = at_ms(0)) {
  std::vector<Ref<mqtt::Message>> found;
  auto cursor = store.walk(filter);
  while (store.next(*cursor, step, step, now, found)) continue;
  store.end(std::move(cursor));
  std::vector<std::string> topics;
  for (auto& each : found) topics.emplace_back(each->topic());
  return topics;
}

}  // namespace tombo::test
