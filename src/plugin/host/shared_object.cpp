#include "plugin/host/shared_object.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include <dlfcn.h>

namespace tombo::plugin {

namespace {

/// Unloads unless it is kept.
class Handle {
 public:
  explicit Handle(void* handle) : handle_(handle) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  void* symbol(const char* name) const { return ::dlsym(handle_, name); }
  void keep() { handle_ = nullptr; }

 private:
  void* handle_;
};

std::string no_plugin(const std::string& path, const Handle& handle) {
  for (const char* name : {"mosquitto_plugin_version", "mosquitto_auth_plugin_version"}) {
    if (handle.symbol(name) != nullptr) return fmt::format("{} is a plugin for Mosquitto, not for tombo", path);
  }
  return fmt::format("{} is no plugin for tombo: it does not export 'tombo_plugin_api' (TOMBO_PLUGIN_DECLARE)", path);
}

}  // namespace

Result<SharedObject, std::string> load_shared_object(const std::string& path) {
  // Without a slash the system would look for it in its own directories.
  if (path.find('/') == std::string::npos) return Failure{fmt::format("path '{}' names no directory", path)};
  void* opened = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char* why = ::dlerror();
    return Failure{fmt::format("cannot be loaded: {}", why == nullptr ? path.c_str() : why)};
  }
  Handle handle{opened};
  const void* api_at = handle.symbol("tombo_plugin_api");
  if (api_at == nullptr) return Failure{no_plugin(path, handle)};
  SharedObject object;
  std::memcpy(&object.api, api_at, sizeof object.api);
  if (object.api >> 16 != TOMBO_PLUGIN_API_MAJOR) {
    return Failure{fmt::format("{} was built for version {}.{} of the plugin interface, this broker has {}.{}", path,
                               object.api >> 16, object.api & 0xFFFF, TOMBO_PLUGIN_API_MAJOR, TOMBO_PLUGIN_API_MINOR)};
  }
  void* init = handle.symbol("tombo_plugin_init");
  if (init == nullptr) return Failure{fmt::format("{} does not export 'tombo_plugin_init'", path)};
  std::memcpy(&object.init, &init, sizeof object.init);
  handle.keep();
  return object;
}

}  // namespace tombo::plugin
