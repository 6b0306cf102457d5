// Reads the input as a script of adding, removing and matching, and compares the tree, and the retained tree, with a
// naive matcher.
#include "mqtt/topic.hpp"
#include "routing/retained_store.hpp"
#include "routing/topic_tree.hpp"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace tombo;

class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  void run() {
    while (!rest_.empty()) {
      const unsigned verb = static_cast<unsigned char>(rest_.front()) % 6;
      rest_.remove_prefix(1);
      const std::string_view line = rest_.substr(0, rest_.find('\n'));
      rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
      if (mqtt::count_levels(line) > mqtt::kTopicLevelsMax || line.size() > 65'535) continue;
      step(verb, line);
    }
  }

 private:
  static void check(bool holds) {
    if (!holds) std::abort();
  }

  void step(unsigned verb, std::string_view line) {
    const bool filter = mqtt::is_valid_topic_filter(line);
    const bool topic = mqtt::is_valid_topic_name(line);
    if (verb < 2 && filter) add(line, static_cast<routing::ShardId>(verb));
    if (verb == 2 && filter) remove(line);
    if (verb == 3 && topic) match(line);
    if (verb == 4 && topic) retain(line);
    if (verb == 5 && filter) walk(line);
  }

  void add(std::string_view filter, routing::ShardId shard) {
    filters_[std::string(filter)] = tree_.add_shard(filter, shard);
    check(tree_.find(filter) == filters_[std::string(filter)]);
  }

  void remove(std::string_view text) {
    routing::Filter* filter = tree_.find(text);
    check((filter != nullptr) == (filters_.erase(std::string(text)) == 1));
    if (filter == nullptr) return;
    const std::uint64_t shards = filter->shards;
    for (routing::ShardId shard = 0; shard < 2; ++shard) {
      if ((shards >> shard & 1) != 0) tree_.remove_shard(filter, shard);
    }
    qsbr_.collect();
    check(tree_.find(text) == nullptr && tree_.filters() == filters_.size());
  }

  void match(std::string_view topic) {
    tree_.match(topic, result_);
    std::set<const routing::Filter*> found(result_.filters.begin(), result_.filters.end());
    check(found.size() == result_.filters.size());
    std::size_t expected = 0;
    for (const auto& [text, filter] : filters_) {
      const bool wanted = mqtt::matches(text, topic);
      check(wanted == found.contains(filter));
      expected += wanted ? 1U : 0U;
    }
    check(expected == found.size());
  }

  /// Stores the topic, or removes it if it is there.
  void retain(std::string_view topic) {
    const auto gone = topics_.find(topic);
    check((gone != topics_.end()) == store_.remove(topic));
    if (gone != topics_.end()) {
      topics_.erase(gone);
    } else {
      const std::uint8_t payload[] = {1};
      mqtt::MessageParts parts;
      parts.topic = topic;
      parts.payload = payload;
      check(store_.store(mqtt::Message::create(parts)) == routing::RetainedStore::Stored::added);
      topics_.emplace(topic);
    }
    check(store_.count() == topics_.size());
  }

  void walk(std::string_view filter) {
    std::vector<Ref<mqtt::Message>> out;
    auto cursor = store_.walk(filter);
    while (store_.next(*cursor, 2, 3, MonoTime{}, out)) continue;
    std::size_t expected = 0;
    for (const auto& topic : topics_) expected += mqtt::matches(filter, topic) ? 1U : 0U;
    check(expected == out.size());
    for (const auto& message : out) check(mqtt::matches(filter, message->topic()));
  }

  std::string_view rest_;
  routing::Qsbr qsbr_{1};
  routing::TopicTree tree_{qsbr_, 1};
  routing::MatchResult result_;
  std::map<std::string, const routing::Filter*, std::less<>> filters_;
  routing::RetainedStore store_{{}};
  std::set<std::string, std::less<>> topics_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(data, size).run();
  return 0;
}
