#include "app/plugin_guests.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace tombo::app {

namespace {
class NameOnly final : public auth::Backend {
 public:
  explicit NameOnly(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  void ask(std::shared_ptr<const auth::Login>, std::function<void(auth::Verdict)> done) override {
    done({auth::Verdict::Kind::error, nullptr, mqtt::ReasonCode::server_unavailable, "the plugin is not loaded"});
  }

 private:
  std::string name_;
};

std::string name_of(const config::Plugin& section) { return "plugin:" + section.name; }

/// A pointer to what lives elsewhere.
template <class T>
std::shared_ptr<T> borrowed(T* there) {
  return std::shared_ptr<T>(std::shared_ptr<T>{}, there);
}
}  // namespace

auth::Guests guests_of(plugin::Plugins* plugins, const config::Options& options) {
  auth::Guests guests;
  if (plugins == nullptr) return guests;
  for (const auto& section : options.plugins) {
    const std::string name = name_of(section);
    if (auto* backend = plugins->backend(name)) {
      guests.backends.push_back(borrowed(backend));
    } else if (section.kind == config::PluginKind::mosquitto) {
      guests.bystanders.push_back(name);  // a mosquitto.conf makes no difference between plugins
    }
    if (auto* giver = plugins->key_giver(name)) guests.key_givers.push_back(borrowed(giver));
    if (auto* referee = plugins->referee(name)) guests.referees.push_back(borrowed(referee));
  }
  return guests;
}

std::vector<std::string> listeners_without_keys(plugin::Plugins* plugins, const config::Options& options) {
  std::vector<std::string> all;
  for (const auto& listener : options.listeners) {
    if (!listener.asks_for_keys()) continue;
    const auto& chain = listener.authentication.empty() ? options.auth.backends : listener.authentication;
    const auto gives = [&](const std::string& name) { return plugins != nullptr && plugins->key_giver(name) != nullptr; };
    if (std::any_of(chain.begin(), chain.end(), gives)) continue;
    const std::string where =
        listener.is_unix() ? listener.address : fmt::format("{}:{}", listener.address, listener.port);
    all.push_back(fmt::format(
        "listener {}: it has psk_hint and no psk_file, and none of its plugins gives pre-shared keys", where));
  }
  return all;
}

auth::Guests guests_in_name_only(const config::Options& options) {
  auth::Guests guests;
  for (const auto& section : options.plugins) guests.backends.push_back(std::make_shared<NameOnly>(name_of(section)));
  return guests;
}

std::vector<std::string> problems_of_plugin_files(const config::Options& options) {
  std::vector<std::string> problems;
  for (const auto& section : options.plugins) {
    if (::access(section.path.c_str(), R_OK) == 0) continue;
    problems.push_back(fmt::format("plugin '{}': {}: {}", section.name, section.path, std::strerror(errno)));
  }
  return problems;
}

}  // namespace tombo::app
