#pragma once

#include "base/result.hpp"
#include "store/engine.hpp"

#include <string>

namespace tombo::control {

/// What an operator may have done with the store of a running broker.
class StoreOperations {
 public:
  virtual ~StoreOperations() = default;

  /// Copies what is in it at this moment to a directory that is empty or not there.
  /// Lives on: a thread that may block.
  virtual Result<void, std::string> backup(const std::string& directory) = 0;
  /// Gives space of erased rows back.
  /// Lives on: a thread that may block.
  virtual Result<void, std::string> compact() = 0;
  /// Lives on: the control thread.
  virtual store::EngineFigures figures() const = 0;
};

/// Those of an engine, which outlives them.
class EngineOperations final : public StoreOperations {
 public:
  explicit EngineOperations(store::Engine& engine) : engine_(engine) {}

  Result<void, std::string> backup(const std::string& directory) override;
  Result<void, std::string> compact() override;
  store::EngineFigures figures() const override { return engine_.figures(); }

 private:
  store::Engine& engine_;
};

}  // namespace tombo::control
