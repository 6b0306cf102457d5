#pragma once

#include "plugin/mosquitto/abi.hpp"
#include "plugin/mosquitto/properties.hpp"

#include <cstddef>
#include <cstdint>

// The functions that plugins of Mosquitto's interface call: by name, so each is exported from the executable, and nothing
// else is (exports.list).  What they promise is in Debian's mosquitto_broker.h and mosquitto.h, and, for those of 2.1, in
// docs/plugins.md.  They are C functions: bad arguments are answered with kInvalid, nothing is thrown.
// Live on: a plugin's thread, where they are about clients; any thread else.

#define TOMBO_FOR_MOSQUITTO extern "C" __attribute__((visibility("default"), used))

TOMBO_FOR_MOSQUITTO void* mosquitto_malloc(std::size_t size);
TOMBO_FOR_MOSQUITTO void mosquitto_free(void* memory);

namespace tombo::plugin::mosquitto {

/// Keeps the functions in the executable, which itself calls none of them: one for each file of theirs.
void link_memory_functions();
void link_property_functions();
void link_text_functions();
void link_broker_functions();
void link_helper_functions();
void link_storage_functions();

}  // namespace tombo::plugin::mosquitto
