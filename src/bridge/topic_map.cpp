#include "bridge/topic_map.hpp"

#include "mqtt/topic.hpp"

#include <algorithm>
#include <utility>

namespace tombo::bridge {

TopicMap::TopicMap(const std::vector<std::string>& topics) {
  for (std::size_t i = 0; i < topics.size(); ++i) {
    const auto topic = config::parse_bridge_topic(topics[i]);
    if (!topic) continue;
    if (topic->goes_out()) {
      add(out_, {topic->local_filter(), topic->local_prefix, topic->remote_prefix, i}, topic->qos);
      out_remote_.push_back(topic->remote_filter());
    }
    if (topic->comes_in()) add(in_, {topic->remote_filter(), topic->remote_prefix, topic->local_prefix, i}, topic->qos);
  }
}

void TopicMap::add(Side& side, Entry entry, std::uint8_t qos) {
  const auto known =
      std::find_if(side.wanted.begin(), side.wanted.end(), [&](const Wanted& w) { return w.filter == entry.filter; });
  if (known != side.wanted.end()) {
    known->qos = std::max(known->qos, static_cast<mqtt::Qos>(qos));
    return;  // the first entry's prefixes hold
  }
  side.wanted.push_back({entry.filter, static_cast<mqtt::Qos>(qos)});
  if (mqtt::has_wildcard(entry.filter)) {
    side.wild.push_back(std::move(entry));
    return;
  }
  side.names.push_back(std::make_unique<std::string>(entry.filter));
  side.exact.emplace(*side.names.back(), std::move(entry));
}

bool TopicMap::translate(const Side& side, std::string_view topic, std::string& out) {
  const Entry* found = nullptr;
  if (const auto exact = side.exact.find(topic); exact != side.exact.end()) found = &exact->second;
  for (const Entry& entry : side.wild) {
    if (found != nullptr && found->order < entry.order) break;
    if (!mqtt::matches(entry.filter, topic)) continue;
    found = &entry;
    break;
  }
  if (found == nullptr) return false;
  out.assign(found->to);
  out.append(topic.substr(found->from.size()));
  return true;
}

std::vector<std::string> TopicMap::out_only() const {
  std::vector<std::string> filters;
  for (const std::string& filter : out_remote_) {
    const bool comes_in =
        std::any_of(in_.wanted.begin(), in_.wanted.end(), [&](const Wanted& w) { return w.filter == filter; });
    if (!comes_in && std::find(filters.begin(), filters.end(), filter) == filters.end()) filters.push_back(filter);
  }
  return filters;
}

}  // namespace tombo::bridge
