#include "store/open.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace tombo::store {

namespace {

/// A sorted map behind a lock.  Readers may be many; a scan copies its rows first, so that what it visits is the state
/// of one moment and its visitor may use the engine.
class MemoryEngine final : public Engine {
 public:
  EngineResult<void> write(const Changes& changes, bool) override {
    const std::unique_lock lock(mutex_);
    for (std::size_t i = 0; i < changes.size(); ++i) apply(changes[i]);
    written_ += changes.bytes();
    return {};
  }
  EngineResult<void> recover() override { return {}; }

  EngineResult<bool> get(std::string_view key, std::string& value) const override {
    const std::shared_lock lock(mutex_);
    const auto found = rows_.find(key);
    if (found == rows_.end()) return false;
    value = found->second;
    return true;
  }
  EngineResult<void> scan(std::string_view from, std::string_view to, const Visit& visit) const override {
    for (const auto& [key, value] : copy_of(from, to)) {
      if (!visit(key, value)) break;
    }
    return {};
  }

  EngineResult<void> checkpoint(const std::string&) override {
    return Failure{EngineError{EngineError::Kind::refused, "a store in memory has nothing to copy"}};
  }
  EngineResult<void> compact() override { return {}; }
  EngineFigures figures() const override {
    const std::shared_lock lock(mutex_);
    return {0, written_};
  }

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;

  void apply(const Changes::Change& change) {
    switch (change.kind) {
      case Changes::Kind::put: rows_.insert_or_assign(std::string(change.key), std::string(change.value)); return;
      case Changes::Kind::erase:
        if (const auto found = rows_.find(change.key); found != rows_.end()) rows_.erase(found);
        return;
      case Changes::Kind::erase_range:
        if (change.key < change.value) rows_.erase(rows_.lower_bound(change.key), rows_.lower_bound(change.value));
        return;
    }
  }
  std::vector<std::pair<std::string, std::string>> copy_of(std::string_view from, std::string_view to) const {
    const std::shared_lock lock(mutex_);
    std::vector<std::pair<std::string, std::string>> rows;
    for (auto row = rows_.lower_bound(from); row != rows_.end() && (to.empty() || row->first < to); ++row)
      rows.emplace_back(*row);
    return rows;
  }

  mutable std::shared_mutex mutex_;
  Rows rows_;
  std::uint64_t written_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_memory_engine() {
  return std::make_unique<MemoryEngine>();
}

}  // namespace tombo::store
