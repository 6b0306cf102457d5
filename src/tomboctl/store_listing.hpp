#pragma once

#include "base/result.hpp"
#include "store/engine.hpp"
#include "tomboctl/store_wish.hpp"
#include "tomboctl/trouble.hpp"

namespace tombo::tomboctl {

/// Writes what the store holds to stdout.
Result<void, Trouble> list_store(const store::Engine& engine, const StoreWish& wish);
/// Writes one session, or one retained message, to stdout.
Result<void, Trouble> show_of_store(const store::Engine& engine, const StoreWish& wish);

}  // namespace tombo::tomboctl
