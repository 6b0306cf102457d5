#pragma once

namespace tombo {

/// Prints what was expected and where, then aborts; systemd restarts the broker.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace tombo

/// Always on.  For our own mistakes only: no input of a peer, an operator or the system may reach it.
#define TOMBO_ASSERT(expression) \
  (static_cast<bool>(expression) ? void() : ::tombo::assertion_failed(#expression, __FILE__, __LINE__))
