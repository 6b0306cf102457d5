#include "auth/argon2/argon2id.hpp"

#include <argon2.h>

namespace tombo::auth {

bool has_argon2id() { return true; }

std::optional<std::string> argon2id(std::string_view password, std::string_view salt, const Argon2Cost& cost, std::size_t bytes) {
  std::string hash(bytes, '\0');
  std::string secret{password};  // argon2 takes what it reads as writable
  std::string grains{salt};
  argon2_context context{};
  context.out = reinterpret_cast<std::uint8_t*>(hash.data());
  context.outlen = static_cast<std::uint32_t>(hash.size());
  context.pwd = reinterpret_cast<std::uint8_t*>(secret.data());
  context.pwdlen = static_cast<std::uint32_t>(secret.size());
  context.salt = reinterpret_cast<std::uint8_t*>(grains.data());
  context.saltlen = static_cast<std::uint32_t>(grains.size());
  context.t_cost = cost.passes;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  context.threads = 1;  // Workers are the threads
  context.version = ARGON2_VERSION_13;
  context.flags = ARGON2_FLAG_CLEAR_PASSWORD;
  if (argon2_ctx(&context, Argon2_id) != ARGON2_OK) return std::nullopt;
  return hash;
}

}  // namespace tombo::auth
