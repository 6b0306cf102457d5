// Reads the input as a file of pre-shared keys; every line that is taken must be found as it stands.
#include "filter/tls/psk_file.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo::filter;

void check(bool holds) {
  if (!holds) std::abort();
}

int digit(char c) {
  const std::string_view digits = "0123456789abcdef";
  const std::size_t at = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// The first line that is good as it stands, if there is one.
void look_for_first(std::string_view text, const PskTable& table) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || line.front() == '#') return;
  const std::string* key = table.find(line.substr(0, colon));
  if (key == nullptr) return;
  std::string_view hex = line.substr(colon + 1);
  check(hex.size() >= 2 * key->size());
  for (const char byte : *key) {
    check(static_cast<unsigned char>(byte) == (digit(hex[0]) << 4 | digit(hex[1])));
    hex.remove_prefix(2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Problems problems;
  Problems warnings;
  const PskTable table = PskTable::parse(text, "psk", problems, warnings);
  check(table.size() != 0 || !problems.empty());  // nothing that is wrong passes in silence
  check(problems.size() <= 51 && warnings.size() <= 51);
  for (const std::string& problem : problems) check(problem.starts_with("psk:"));
  if (problems.empty()) look_for_first(text, table);
  check(table.find("") == nullptr);
  return 0;
}
