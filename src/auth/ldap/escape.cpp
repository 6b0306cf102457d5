#include "auth/ldap/escape.hpp"

namespace tombo::auth {

namespace {

void append_hex(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += '\\';
  out += kDigits[value >> 4];
  out += kDigits[value & 15];
}

std::string escape(std::string_view value, std::string_view special) {
  std::string out;
  for (const char byte : value) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7f || special.find(byte) != std::string_view::npos) {
      append_hex(out, byte);
    } else {
      out += byte;
    }
  }
  return out;
}

}  // namespace

std::string escape_for_filter(std::string_view value) { return escape(value, "*()\\&|!=<>~"); }

std::string escape_for_dn(std::string_view value) {
  // A space matters only at the ends and '#' only at the beginning, but both may be escaped anywhere.
  return escape(value, ",+\"\\<>;=# ");
}

std::string fill_in(std::string_view form, std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool is_two = form[i] == '%' && i + 1 < form.size();
    if (is_two && form[i + 1] == 'u') {
      out += value;
      ++i;
    } else {
      out += form[i];
      if (is_two && form[i + 1] == '%') ++i;
    }
  }
  return out;
}

}  // namespace tombo::auth
