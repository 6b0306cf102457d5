#include "filter/websocket/http_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::filter {

namespace {

constexpr std::string_view kUnknownType = "application/octet-stream";
constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kTypes{{
    {"css", "text/css; charset=utf-8"},
    {"gif", "image/gif"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml"},
}};

std::string_view type_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return kUnknownType;
  const std::string_view ending = name.substr(dot + 1);
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.first == ending; });
  return found == kTypes.end() ? kUnknownType : found->second;
}

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

/// Walks the directory by descriptors, so that nothing that is changed meanwhile leads out of it.
class Walk {
 public:
  using Files = std::map<std::string, std::shared_ptr<const HttpFile>, std::less<>>;

  Walk(std::string directory, Files& files) : directory_(std::move(directory)), files_(files) {}

  /// Empty, or what is wrong.
  std::string all() {
    const int top = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) return cannot("");
    return enter(top, "", 1);
  }

 private:
  std::string cannot(const std::string& name) const {
    return fmt::format("{}{}{}: cannot be read: {}", directory_, name.empty() ? "" : "/", name, std::strerror(errno));
  }
  std::string too_much(const std::string& name, std::string_view what) const {
    return fmt::format("{}/{}: {}", directory_, name, what);
  }

  /// Takes `descriptor` over.
  std::string enter(int descriptor, const std::string& prefix, std::size_t depth) {
    DIR* opened = ::fdopendir(descriptor);
    if (opened == nullptr) {
      ::close(descriptor);
      return cannot(prefix);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opened, ::closedir);
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) return errno == 0 ? std::string{} : cannot(prefix);
      const std::string_view name = entry->d_name;
      if (name.starts_with('.')) continue;
      if (std::string problem = take(::dirfd(directory.get()), entry->d_name, prefix + std::string(name), depth); !problem.empty()) {
        return problem;
      }
    }
  }

  std::string take(int directory, const char* entry, const std::string& name, std::size_t depth) {
    if (++entries_ > HttpFiles::kEntriesMax) {
      return fmt::format("{}: http_directory may hold {} files and directories, this one holds more", directory_,
                         HttpFiles::kEntriesMax);
    }
    // Neither through a link nor waiting for whoever writes into a pipe.
    Descriptor file{::openat(directory, entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    if (file.number < 0) return errno == ELOOP || errno == ENXIO || errno == ENOENT ? std::string{} : cannot(name);
    struct stat status {};
    if (::fstat(file.number, &status) != 0) return cannot(name);
    if (S_ISREG(status.st_mode)) return read(file.number, name);
    if (!S_ISDIR(status.st_mode)) return {};
    if (depth == HttpFiles::kDepthMax) return too_much(name, fmt::format("http_directory may be {} directories deep", HttpFiles::kDepthMax));
    return enter(std::exchange(file.number, -1), name + "/", depth + 1);
  }

  std::string read(int descriptor, const std::string& name) {
    auto file = std::make_shared<HttpFile>();
    file->name = name;
    file->type = type_of(name);
    std::array<char, 64 * 1024> buffer;
    for (;;) {
      const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return cannot(name);
      if (count == 0) break;
      file->bytes.append(buffer.data(), static_cast<std::size_t>(count));
      bytes_ += static_cast<std::size_t>(count);
      if (file->bytes.size() > HttpFiles::kFileBytesMax) {
        return too_much(name, fmt::format("files of http_directory have at most {} bytes", HttpFiles::kFileBytesMax));
      }
      if (bytes_ > HttpFiles::kBytesMax) {
        return too_much(name, fmt::format("with it http_directory holds more than {} bytes", HttpFiles::kBytesMax));
      }
    }
    file->bytes.shrink_to_fit();
    files_.emplace(name, std::move(file));
    return {};
  }

  std::string directory_;
  Files& files_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
};

int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// Nothing where an escape is none.
std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return {};
    const int high = hex(text[i + 1]);
    const int low = hex(text[i + 2]);
    if (high < 0 || low < 0) return {};
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

}  // namespace

Result<std::shared_ptr<const HttpFiles>, std::string> HttpFiles::load(const std::string& directory) {
  auto made = std::make_shared<HttpFiles>();
  if (std::string problem = Walk(directory, made->files_).all(); !problem.empty()) return Failure{std::move(problem)};
  return std::shared_ptr<const HttpFiles>(std::move(made));
}

std::shared_ptr<const HttpFile> HttpFiles::find(std::string_view path) const {
  if (!path.starts_with('/')) return nullptr;
  auto name = unescaped(path.substr(1));
  if (!name) return nullptr;
  if (name->empty() || name->ends_with('/')) *name += "index.html";
  const auto found = files_.find(*name);
  return found == files_.end() ? nullptr : found->second;
}

}  // namespace tombo::filter
