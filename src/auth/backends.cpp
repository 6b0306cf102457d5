#include "auth/backends.hpp"

#include <fmt/core.h>

#include <array>

namespace tombo::auth {

namespace {

using config::Options;
using Files = std::vector<std::string>;

constexpr std::array kKinds{
    BackendKind{"passwords", make_passwords, [](const Options& o) { return Files{o.passwords.file}; }},
    BackendKind{"jwt", make_jwt, [](const Options& o) { return Files{o.jwt.key_file, o.jwt.key_directory}; }},
    BackendKind{"http", make_http, [](const Options& o) { return Files{o.http.ca_file}; }},
    BackendKind{"scram", make_scram, [](const Options& o) { return Files{o.scram.file}; }},
    BackendKind{"ldap", make_ldap, [](const Options& o) { return Files{o.ldap.ca_file, o.ldap.bind_password_file}; }},
    BackendKind{"sql", make_sql, [](const Options&) { return Files{}; }},
};

}  // namespace

std::span<const BackendKind> backend_kinds() { return kKinds; }

const BackendKind* find_backend(std::string_view name) {
  for (const BackendKind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

Problems not_compiled_in(std::string_view name) { return {fmt::format("backend {} is not compiled in", name)}; }

}  // namespace tombo::auth
