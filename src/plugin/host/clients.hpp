#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tombo::plugin {

/// The clients that a plugin was told of, each with a pointer of the plugin's.  As many as are connected.
/// Lives on: any thread.
class Clients {
 public:
  using Release = void (*)(void*);

  ~Clients() { clear(); }

  /// The plugin will be told that it came; told_gone() follows for each.
  void will_be_told_of(const std::string& client_id);
  /// It will be told that it went.  False: it was never told that it came.
  bool will_be_told_gone(const std::string& client_id);
  /// The plugin hears now that it came.
  void hears_of(const std::string& client_id);
  /// Whether the plugin did hear that it came, and must now hear that it went: what waits is dropped at a stop.
  bool hears_gone(const std::string& client_id);
  /// It was told that it went: releases the pointer.
  void told_gone(const std::string& client_id);
  /// It could not be told that it came.
  void not_told_of(const std::string& client_id);

  /// Forgets all of them.
  void clear();

  /// False: there is no such client.
  bool set(std::string_view client_id, void* data, Release release);
  void* get(std::string_view client_id) const;

 private:
  struct Entry {
    unsigned here = 0;  // connections that came and of which it was not said that they went
    unsigned heard = 0;  // calls of on_connect without one of on_disconnect
    unsigned told = 0;  // the same, as far as the plugin has heard: later by what waits in its queue
    void* data = nullptr;
    Release release = nullptr;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> clients_;
};

}  // namespace tombo::plugin
