#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tombo::store {

/// A file's bytes, read as they are looked at.
class MappedFile {
 public:
  static Result<MappedFile, std::string> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

 private:
  MappedFile() = default;

  void* start_ = nullptr;  // null: the file is empty
  std::size_t size_ = 0;
};

}  // namespace tombo::store
