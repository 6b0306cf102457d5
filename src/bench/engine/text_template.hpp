#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tombo::bench::engine {

/// What the letters of a template stand for.
struct TemplateValues {
  std::uint64_t number = 0;      // %i
  std::string_view user_name{};  // %u
  std::string_view client_id{};  // %c
  std::string_view run_word{};   // %r
  std::uint64_t sequence = 0;    // %s
  char kind = 'p';               // %k: p publisher, s subscriber
  std::uint64_t place = 0;       // %n: number within its kind, in five digits
  std::int64_t time_us = 0;      // %t
};

/// Writes the text with its letters replaced to the end of `out`; an unknown letter stays as it is.
void expand_into(std::string& out, std::string_view text, const TemplateValues& values);
std::string expand(std::string_view text, const TemplateValues& values);

/// Whether the text differs from message to message (%s, %t) or from client to client (%i, %u, %c).
bool differs_by_message(std::string_view text);
bool differs_by_client(std::string_view text);

/// Four random letters.
std::string random_word();

}  // namespace tombo::bench::engine
