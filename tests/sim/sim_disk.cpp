#include "sim/sim_disk.hpp"

#include <algorithm>
#include <utility>

namespace tombo::sim {

using store::Changes;
using store::EngineError;
using store::EngineResult;

void SimDisk::apply(Rows& rows, const Changes& changes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto change = changes[i];
    switch (change.kind) {
      case Changes::Kind::put:
        rows.insert_or_assign(std::string(change.key), std::string(change.value));
        break;
      case Changes::Kind::erase:
        if (const auto found = rows.find(change.key); found != rows.end()) rows.erase(found);
        break;
      case Changes::Kind::erase_range:
        if (change.key < change.value) rows.erase(rows.lower_bound(change.key), rows.lower_bound(change.value));
        break;
    }
  }
}

EngineError SimDisk::fail(EngineError::Kind kind, const char* text) {
  broken_ = true;
  ++errors_;
  return EngineError{kind, text};
}

EngineResult<void> SimDisk::write(const Changes& changes, bool sync) {
  if (broken_) return Failure{fail(EngineError::Kind::io, "not recovered")};
  if (trouble_ == Trouble::full) {
    // Whoever reads before the next try may find some of it.
    apply(seen_, changes, rng_.below(changes.size() + 1));
    return Failure{fail(EngineError::Kind::no_space, "the disk is full")};
  }
  unsynced_.push_back(changes);
  apply(seen_, changes, changes.size());
  if (!sync) return {};
  if (trouble_ == Trouble::failing) return Failure{fail(EngineError::Kind::io, "the disk does not sync")};
  for (const auto& written : unsynced_) apply(safe_, written, written.size());
  unsynced_.clear();
  return {};
}

EngineResult<void> SimDisk::recover() {
  if (trouble_ != Trouble::none) return Failure{fail(EngineError::Kind::io, "not yet")};
  broken_ = false;
  return {};
}

std::size_t SimDisk::crash() {
  const std::size_t kept = rng_.below(unsynced_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) apply(safe_, unsynced_[i], unsynced_[i].size());
  const std::size_t lost = unsynced_.size() - kept;
  unsynced_.clear();
  seen_ = safe_;
  broken_ = false;
  heal();
  return lost;
}

EngineResult<bool> SimDisk::get(std::string_view key, std::string& value) const {
  if (read_fails()) {
    ++errors_;
    return Failure{EngineError{EngineError::Kind::io, "the disk does not read"}};
  }
  const auto found = seen_.find(key);
  if (found == seen_.end()) return false;
  value = found->second;
  return true;
}

EngineResult<void> SimDisk::scan(std::string_view from, std::string_view to, const Visit& visit) const {
  const bool fails = read_fails();
  std::size_t rows_left = fails ? rng_.below(3) : SIZE_MAX;  // a read that fails may have found something before
  const Rows rows(seen_.lower_bound(from), to.empty() ? seen_.end() : seen_.lower_bound(to));
  for (const auto& [key, value] : rows) {
    if (rows_left-- == 0) break;
    if (!visit(key, value)) return {};
  }
  if (!fails) return {};
  ++errors_;
  return Failure{EngineError{EngineError::Kind::io, "the disk does not read"}};
}

EngineResult<void> SimDisk::checkpoint(const std::string&) {
  return Failure{EngineError{EngineError::Kind::refused, "nobody copies this disk"}};
}

}  // namespace tombo::sim
