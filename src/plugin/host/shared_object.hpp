#pragma once

#include "base/result.hpp"
#include "tombo/plugin.h"

#include <cstring>
#include <string>
#include <utility>

namespace tombo::plugin {

/// What a plugin's file exports, once it was seen to fit.
struct SharedObject {
  std::uint32_t api = 0;
  int (*init)(const tombo_host* host, tombo_start* start) = nullptr;
};

/// A file that was loaded.  Unless it is kept it is unloaded; one that is stays until the process ends: a thread of its
/// own that ends a moment too late must not fall into a hole.
class OpenedFile {
 public:
  /// The failure says what is wrong.
  static Result<OpenedFile, std::string> open(const std::string& path);
  explicit OpenedFile(void* handle) : handle_(handle) {}
  OpenedFile(OpenedFile&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  OpenedFile& operator=(OpenedFile&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~OpenedFile();

  /// Null: there is none of this name.
  void* symbol(const char* name) const;
  template <class Function>
  Function function(const char* name) const {
    void* const found = symbol(name);
    Function made = nullptr;
    static_assert(sizeof made == sizeof found);
    std::memcpy(&made, &found, sizeof made);
    return made;
  }
  /// Whether it has another interface than ours: Mosquitto's.
  bool is_for_mosquitto() const;
  void keep() { handle_ = nullptr; }
  /// Where the file lies whose code or data is at this address; null: there is none.
  static const void* file_at(const void* address);

 private:
  void* handle_;
};

/// Looks whether a file is a plugin of this broker's version, before any of it is called, and keeps it then.
Result<SharedObject, std::string> as_own_plugin(OpenedFile& file, const std::string& path);

}  // namespace tombo::plugin
