#include "store/rocks/status.hpp"

#include <cerrno>

namespace tombo::store::rocks {

namespace {

EngineError::Kind kind_of(const rocksdb::Status& status, std::string_view text) {
  using Kind = EngineError::Kind;
  // RocksDB knows the full disk by ENOSPC only; a quota that is used up says so in words.
  if (status.IsNoSpace() || text.find("quota exceeded") != std::string_view::npos) return Kind::no_space;
  if (status.IsCorruption()) return Kind::damaged;
  if (status.IsInvalidArgument() || status.IsNotSupported() || status.IsNotFound()) return Kind::refused;
  if (text.find("lock hold by current process") != std::string_view::npos) return Kind::refused;
  if (text.find("While lock file") != std::string_view::npos) return Kind::refused;
  return Kind::io;
}

std::string without(std::string text, const std::string& directory) {
  if (directory.empty()) return text;
  for (std::size_t at; (at = text.find(directory)) != std::string::npos;) {
    std::size_t size = directory.size();
    if (text.compare(at + size, 1, "/") == 0) ++size;
    text.erase(at, size);
  }
  return text;
}

}  // namespace

EngineError error_from(const rocksdb::Status& status, const std::string& directory) {
  std::string text = without(status.ToString(), directory);
  const EngineError::Kind kind = kind_of(status, text);
  return {kind, std::move(text)};
}

EngineError error_from(const std::string& what, std::error_code code) {
  const bool full = code == std::errc::no_space_on_device || code.value() == EDQUOT;
  return {full ? EngineError::Kind::no_space : EngineError::Kind::io, what + ": " + code.message()};
}

}  // namespace tombo::store::rocks
