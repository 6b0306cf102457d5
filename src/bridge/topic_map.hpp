#pragma once

#include "config/bridge_words.hpp"
#include "mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::bridge {

/// A filter that is subscribed to, on one side.
struct Wanted {
  std::string filter;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
};

/// What is carried between two brokers, and what a topic is called on the other side.  Where several entries name a topic,
/// the first one's prefixes hold.
/// Lives on: any thread; immutable once made.
class TopicMap {
 public:
  /// Entries that are wrong (config has said so) are left out.
  explicit TopicMap(const std::vector<std::string>& topics);

  /// Of a message that goes out, or comes in; false: no entry names it.
  bool outward(std::string_view local, std::string& remote) const { return translate(out_, local, remote); }
  bool inward(std::string_view remote, std::string& local) const { return translate(in_, remote, local); }

  /// Each filter once, at the highest QoS that an entry gives it.
  const std::vector<Wanted>& out_filters() const { return out_.wanted; }
  const std::vector<Wanted>& in_filters() const { return in_.wanted; }
  /// In the other broker: filters that nothing comes in by.
  std::vector<std::string> out_only() const;

 private:
  struct Entry {
    std::string filter;
    std::string from;  // prefix that is taken off
    std::string to;    // that is put in its place
    std::size_t order;
  };
  struct Side {
    std::unordered_map<std::string_view, Entry> exact;  // keys lie in names
    std::vector<std::unique_ptr<std::string>> names;
    std::vector<Entry> wild;
    std::vector<Wanted> wanted;
  };
  static void add(Side& side, Entry entry, std::uint8_t qos);
  static bool translate(const Side& side, std::string_view topic, std::string& out);

  Side out_;
  Side in_;
  std::vector<std::string> out_remote_;
};

}  // namespace tombo::bridge
