#include "plugin/host/shared_object.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include <dlfcn.h>

namespace tombo::plugin {

OpenedFile::~OpenedFile() {
  if (handle_ != nullptr) ::dlclose(handle_);
}

void* OpenedFile::symbol(const char* name) const { return ::dlsym(handle_, name); }

bool OpenedFile::is_for_mosquitto() const {
  if (symbol("tombo_plugin_api") != nullptr) return false;
  return symbol("mosquitto_plugin_version") != nullptr || symbol("mosquitto_auth_plugin_version") != nullptr;
}

const void* OpenedFile::file_at(const void* address) {
  Dl_info about{};
  return ::dladdr(address, &about) != 0 ? about.dli_fbase : nullptr;
}

Result<OpenedFile, std::string> OpenedFile::open(const std::string& path) {
  // Without a slash the system would look for it in its own directories.
  if (path.find('/') == std::string::npos) return Failure{fmt::format("path '{}' names no directory", path)};
  void* opened = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened != nullptr) return OpenedFile{opened};
  const char* why = ::dlerror();
  return Failure{fmt::format("cannot be loaded: {}", why == nullptr ? path.c_str() : why)};
}

Result<SharedObject, std::string> as_own_plugin(OpenedFile& file, const std::string& path) {
  const void* api_at = file.symbol("tombo_plugin_api");
  if (api_at == nullptr) {
    if (file.is_for_mosquitto()) return Failure{fmt::format("{} is a plugin for Mosquitto: kind = \"mosquitto\"", path)};
    return Failure{fmt::format("{} is no plugin for tombo: it does not export 'tombo_plugin_api' (TOMBO_PLUGIN_DECLARE)", path)};
  }
  SharedObject object;
  std::memcpy(&object.api, api_at, sizeof object.api);
  if (object.api >> 16 != TOMBO_PLUGIN_API_MAJOR) {
    return Failure{fmt::format("{} was built for version {}.{} of the plugin interface, this broker has {}.{}", path,
                               object.api >> 16, object.api & 0xFFFF, TOMBO_PLUGIN_API_MAJOR, TOMBO_PLUGIN_API_MINOR)};
  }
  object.init = file.function<decltype(object.init)>("tombo_plugin_init");
  if (object.init == nullptr) return Failure{fmt::format("{} does not export 'tombo_plugin_init'", path)};
  file.keep();
  return object;
}

}  // namespace tombo::plugin
