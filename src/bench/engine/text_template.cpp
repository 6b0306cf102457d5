#include "bench/engine/text_template.hpp"

#include <fmt/format.h>

#include <iterator>
#include <random>

namespace tombo::bench::engine {
namespace {

bool has_letter(std::string_view text, std::string_view letters) {
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] != '%') continue;
    ++at;
    if (letters.find(text[at]) != letters.npos) return true;
  }
  return false;
}

void expand_letter(std::string& out, char letter, const TemplateValues& values) {
  switch (letter) {
    case 'i':
      fmt::format_to(std::back_inserter(out), "{}", values.number);
      return;
    case 'u':
      out += values.user_name;
      return;
    case 'c':
      out += values.client_id;
      return;
    case 'r':
      out += values.run_word;
      return;
    case 'k':
      out += values.kind;
      return;
    case 'n':
      fmt::format_to(std::back_inserter(out), "{:05}", values.place);
      return;
    case 's':
      fmt::format_to(std::back_inserter(out), "{}", values.sequence);
      return;
    case 't':
      fmt::format_to(std::back_inserter(out), "{}", values.time_us);
      return;
    case '%':
      out += '%';
      return;
    default:
      out += '%';
      out += letter;
      return;
  }
}

}  // namespace

void expand_into(std::string& out, std::string_view text, const TemplateValues& values) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 1 < text.size()) {
      expand_letter(out, text[++at], values);
    } else {
      out += text[at];
    }
  }
}

std::string expand(std::string_view text, const TemplateValues& values) {
  std::string out;
  out.reserve(text.size() + 16);
  expand_into(out, text, values);
  return out;
}

bool differs_by_message(std::string_view text) {
  return has_letter(text, "st");
}

bool differs_by_client(std::string_view text) {
  return has_letter(text, "iuc");
}

std::string random_word() {
  std::random_device source;
  std::string word;
  for (int i = 0; i < 4; ++i) word += static_cast<char>('a' + source() % 26);
  return word;
}

}  // namespace tombo::bench::engine
