#pragma once

#include "sim/rng.hpp"
#include "store/engine.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::sim {

/// A disk that loses power, fills up and fails, as the seed draws it.
///
/// What was written since the last successful sync is kept as a list.  After a crash some prefix of it is there: a
/// database's log has a checksum for each write, a torn one and everything behind it is dropped when the log is read
/// (RocksDB's point-in-time recovery), so a torn write never shows as a part of it.  That is what Engine::write promises.
class SimDisk final : public store::Engine {
 public:
  enum class Trouble : std::uint8_t {
    none,
    full,     // writes fail, and leave nothing behind that would survive
    failing,  // syncs fail: what was written may survive all the same; so do some reads
  };

  explicit SimDisk(std::uint64_t seed) : rng_(seed) {}

  void begin_trouble(Trouble trouble) { trouble_ = trouble; }
  void heal() { trouble_ = Trouble::none; }
  Trouble trouble() const { return trouble_; }
  /// The power goes and comes back, and with it the disk is as good as new.  Returns how many writes were lost.
  std::size_t crash();
  /// Everything that was written is safe.
  bool all_synced() const { return unsynced_.empty() && !broken_; }
  std::size_t errors() const { return errors_; }

  store::EngineResult<void> write(const store::Changes& changes, bool sync) override;
  store::EngineResult<void> recover() override;
  store::EngineResult<bool> get(std::string_view key, std::string& value) const override;
  store::EngineResult<void> scan(std::string_view from, std::string_view to, const Visit& visit) const override;
  store::EngineResult<void> checkpoint(const std::string& directory) override;
  store::EngineResult<void> compact() override { return {}; }
  store::EngineFigures figures() const override { return {}; }

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  static void apply(Rows& rows, const store::Changes& changes, std::size_t count);
  store::EngineError fail(store::EngineError::Kind kind, const char* text);
  bool read_fails() const { return trouble_ == Trouble::failing && rng_.chance(30); }

  mutable Rng rng_;
  Trouble trouble_ = Trouble::none;
  bool broken_ = false;  // until recover()
  mutable std::size_t errors_ = 0;
  Rows seen_;  // what reads find
  Rows safe_;  // as of the last sync
  std::vector<store::Changes> unsynced_;
};

}  // namespace tombo::sim
