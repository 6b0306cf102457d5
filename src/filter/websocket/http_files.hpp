#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::filter {

/// One file as browsers get it.
struct HttpFile {
  std::string name;        // within the directory: "js/app.js"
  std::string bytes;
  std::string_view type;   // "text/html; charset=utf-8"
};

/// The files of a listener's http_directory, all in memory: no request makes a shard touch a disk, and no path leads
/// anywhere but to one of them.  Read when the options are; names that begin with a dot, symbolic links and what is no
/// regular file are left out.
/// Lives on: any thread; immutable once made.
class HttpFiles {
 public:
  // What a directory may hold; one that holds more is refused as a whole.
  static constexpr std::size_t kFileBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kBytesMax = std::size_t{16} << 20;
  static constexpr std::size_t kEntriesMax = 1'000;
  static constexpr std::size_t kDepthMax = 8;

  /// The error is "DIRECTORY: what is wrong".  Blocks: main.
  static Result<std::shared_ptr<const HttpFiles>, std::string> load(const std::string& directory);

  /// The file at a request's path, percent-encoded as it came; index.html for a directory's.  Null: there is none.
  std::shared_ptr<const HttpFile> find(std::string_view path) const;
  std::size_t count() const { return files_.size(); }

 private:
  std::map<std::string, std::shared_ptr<const HttpFile>, std::less<>> files_;  // by name
};

}  // namespace tombo::filter
