#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tombo::auth {

/// The costs of one argon2id hash, version 0x13.
struct Argon2Cost {
  std::uint32_t memory_kib = 19'456;  // OWASP's first choice: 19 MiB twice, some 25 ms
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
  bool operator==(const Argon2Cost&) const = default;
};

/// Whether libargon2 is compiled in.
bool has_argon2id();
/// `bytes` bytes of hash, computed by this thread alone; nothing without libargon2, without memory, or for costs that
/// argon2 does not know.
std::optional<std::string> argon2id(std::string_view password, std::string_view salt, const Argon2Cost& cost, std::size_t bytes);

}  // namespace tombo::auth
