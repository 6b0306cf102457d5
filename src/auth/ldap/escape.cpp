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

std::vector<NamedBy> named_by(std::string_view form) {
  constexpr std::string_view kOfAttributes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  std::vector<NamedBy> found;
  for (std::size_t equals = form.find('='); equals != std::string_view::npos; equals = form.find('=', equals + 1)) {
    const std::string_view value = form.substr(equals + 1, form.substr(equals + 1).find_first_of("(),+"));
    if (fill_in(value, "a") == fill_in(value, "b")) continue;
    std::string_view before = form.substr(0, equals);
    while (!before.empty() && kOfAttributes.find(before.back()) == std::string_view::npos && before.back() != '(' &&
           before.back() != ',' && before.back() != '+') {
      before.remove_suffix(1);  // "~", ">" or "<"
    }
    const std::size_t begin = before.find_last_not_of(kOfAttributes);
    const std::string_view attribute = begin == std::string_view::npos ? before : before.substr(begin + 1);
    if (!attribute.empty()) found.push_back({std::string(attribute), std::string(value)});
  }
  return found;
}

}  // namespace tombo::auth
