#pragma once

#include <cstddef>
#include <cstdint>

namespace tombo::plugin {

// What one plugin may pile up; docs/plugins.md tells its author.

inline constexpr std::size_t kPendingMax = 10'000;         // questions that it has not answered
inline constexpr std::size_t kQueueTasksMax = 10'000;      // calls that wait for a serial plugin
inline constexpr std::size_t kQueueBytesMax = 64 * 1024 * 1024;  // what they hold
inline constexpr std::size_t kTimersMax = 256;
inline constexpr std::size_t kLogLineMax = 1'000;          // bytes
inline constexpr std::size_t kWhyMax = 500;                // bytes of a reason for the log
inline constexpr std::size_t kGroupsMax = 1'000;           // of one answer
inline constexpr std::size_t kGrantsMax = 10'000;
inline constexpr std::size_t kUserPropertiesMax = 128;
inline constexpr std::size_t kTextMax = 65'535;            // bytes of a text of MQTT
inline constexpr std::size_t kKeyQuestionsMax = 1'000;     // of those that it has not answered: anybody can ask for keys
inline constexpr std::size_t kPskKeyMax = 512;             // bytes, as OpenSSL takes it
inline constexpr std::size_t kPayloadMax = 268'435'455;    // MQTT's limit; the broker's own is lower and asked by itself

}  // namespace tombo::plugin
