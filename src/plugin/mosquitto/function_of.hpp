#pragma once

#include <cstring>

namespace tombo::plugin::mosquitto {

/// A plugin's exported symbol as the function that its version makes it.
template <class Function>
Function function_of(void* symbol) {
  Function function = nullptr;
  static_assert(sizeof function == sizeof symbol);
  std::memcpy(&function, &symbol, sizeof function);
  return function;
}

}  // namespace tombo::plugin::mosquitto
