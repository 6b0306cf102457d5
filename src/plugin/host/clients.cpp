#include "plugin/host/clients.hpp"

#include <utility>

namespace tombo::plugin {

void Clients::clear() {
  std::unordered_map<std::string, Entry> gone;
  {
    const std::lock_guard lock{mutex_};
    gone.swap(clients_);
  }
  for (auto& [id, entry] : gone) {
    if (entry.release != nullptr) entry.release(entry.data);
  }
}

void Clients::will_be_told_of(const std::string& client_id) {
  const std::lock_guard lock{mutex_};
  Entry& entry = clients_[client_id];
  ++entry.here;
  ++entry.told;
}

void Clients::not_told_of(const std::string& client_id) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client_id);
  if (found == clients_.end()) return;
  --found->second.here;
  // A pointer that is there belongs to a connection before this one, whose end is not told yet.
  if (--found->second.told == 0) clients_.erase(found);
}

bool Clients::will_be_told_gone(const std::string& client_id) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client_id);
  if (found == clients_.end() || found->second.here == 0) return false;
  --found->second.here;
  return true;
}

void Clients::hears_of(const std::string& client_id) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client_id);
  if (found != clients_.end()) ++found->second.heard;
}

bool Clients::hears_gone(const std::string& client_id) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client_id);
  if (found == clients_.end() || found->second.heard == 0) return false;
  --found->second.heard;
  return true;
}

void Clients::told_gone(const std::string& client_id) {
  void* data = nullptr;
  Release release = nullptr;
  {
    const std::lock_guard lock{mutex_};
    const auto found = clients_.find(client_id);
    if (found == clients_.end()) return;
    data = std::exchange(found->second.data, nullptr);
    release = std::exchange(found->second.release, nullptr);
    if (--found->second.told == 0) clients_.erase(found);
  }
  if (release != nullptr) release(data);
}

bool Clients::set(std::string_view client_id, void* data, Release release) {
  void* old = nullptr;
  Release release_old = nullptr;
  {
    const std::lock_guard lock{mutex_};
    const auto found = clients_.find(std::string{client_id});
    if (found == clients_.end()) return false;
    old = std::exchange(found->second.data, data);
    release_old = std::exchange(found->second.release, release);
  }
  if (release_old != nullptr && old != data) release_old(old);
  return true;
}

void* Clients::get(std::string_view client_id) const {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(std::string{client_id});
  return found == clients_.end() ? nullptr : found->second.data;
}

}  // namespace tombo::plugin
