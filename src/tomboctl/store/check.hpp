#pragma once

#include "store/engine.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace tombo::tomboctl {

/// Something in a store that is not as it should be.
struct Finding {
  enum class Weight : std::uint8_t {
    loss,   // a session, a message or a subscription is not there, or will not be found
    waste,  // takes up room and harms nobody
  };
  Weight weight = Weight::loss;
  std::string text;  // the row in readable form and what is wrong with it
};

struct CheckTotals {
  std::uint64_t rows = 0;
  std::uint64_t losses = 0;
  std::uint64_t wastes = 0;
};

/// Reads every row of a store and tells what does not decode or hold together.  Remembers 16 bytes a session and 8 a
/// delivery of a shared message, and no row.  An error: the engine could not read on.
store::EngineResult<CheckTotals> check_store(const store::Engine& engine, const std::function<void(const Finding&)>& tell);

}  // namespace tombo::tomboctl
