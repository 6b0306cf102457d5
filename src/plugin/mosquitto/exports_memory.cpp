// Memory: the C library's, so that a plugin may free what the broker gave it and the other way round.
#include "plugin/mosquitto/exports.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <malloc.h>

namespace {

// Of all plugins together, as far as they use these functions.
std::atomic<std::size_t> used{0};
std::atomic<std::size_t> used_most{0};
std::atomic<std::size_t> limit{0};  // 0: none

bool fits(std::size_t more) {
  const std::size_t most = limit.load(std::memory_order_relaxed);
  return most == 0 || (more <= most && used.load(std::memory_order_relaxed) <= most - more);
}

void* count(void* memory) {
  if (memory == nullptr) return nullptr;
  const std::size_t now = used.fetch_add(::malloc_usable_size(memory), std::memory_order_relaxed) + ::malloc_usable_size(memory);
  std::size_t most = used_most.load(std::memory_order_relaxed);
  while (now > most && !used_most.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
  return memory;
}

/// Some was allocated by others, such as the messages that callbacks are given.
void uncount(void* memory) {
  const std::size_t size = memory == nullptr ? 0 : ::malloc_usable_size(memory);
  std::size_t now = used.load(std::memory_order_relaxed);
  while (!used.compare_exchange_weak(now, now > size ? now - size : 0, std::memory_order_relaxed)) {
  }
}

}  // namespace

TOMBO_FOR_MOSQUITTO void* mosquitto_malloc(std::size_t size) { return fits(size) ? count(std::malloc(size)) : nullptr; }

TOMBO_FOR_MOSQUITTO void* mosquitto_calloc(std::size_t members, std::size_t size) {
  if (size != 0 && members > SIZE_MAX / size) return nullptr;
  return fits(members * size) ? count(std::calloc(members, size)) : nullptr;
}

TOMBO_FOR_MOSQUITTO void mosquitto_free(void* memory) {
  uncount(memory);
  std::free(memory);
}

TOMBO_FOR_MOSQUITTO void* mosquitto_realloc(void* memory, std::size_t size) {
  if (!fits(size)) return nullptr;
  uncount(memory);
  void* moved = std::realloc(memory, size);
  if (moved == nullptr && size != 0) count(memory);
  return count(moved);
}

TOMBO_FOR_MOSQUITTO char* mosquitto_strndup(const char* text, std::size_t most) {
  if (text == nullptr) return nullptr;
  const std::size_t size = ::strnlen(text, most);
  auto* copy = static_cast<char*>(mosquitto_malloc(size + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text, size);
  copy[size] = '\0';
  return copy;
}

TOMBO_FOR_MOSQUITTO char* mosquitto_strdup(const char* text) { return mosquitto_strndup(text, SIZE_MAX - 1); }

TOMBO_FOR_MOSQUITTO void mosquitto_memory_set_limit(std::size_t bytes) { limit.store(bytes, std::memory_order_relaxed); }
TOMBO_FOR_MOSQUITTO unsigned long mosquitto_memory_used() { return used.load(std::memory_order_relaxed); }
TOMBO_FOR_MOSQUITTO unsigned long mosquitto_max_memory_used() { return used_most.load(std::memory_order_relaxed); }

namespace tombo::plugin::mosquitto {
void link_memory_functions() {}
}  // namespace tombo::plugin::mosquitto
