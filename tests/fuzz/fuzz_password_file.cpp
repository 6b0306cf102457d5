// Reads the input as a password file, and edits it if it is one.
#include "auth/password_file.hpp"
#include "auth/user_lines.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo::auth;

void check(bool holds) {
  if (!holds) std::abort();
}

constexpr std::string_view kSecret = "$7$1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

void edit(std::string_view text, const PasswordFile& file) {
  const bool is_there = file.find("new") != nullptr;
  const std::string more = with_user(text, "new", kSecret);
  const auto after = PasswordFile::parse(more, "f");
  check(after.ok() && after->find("new") != nullptr && after->size() == file.size() + (is_there ? 0U : 1U));
  check(after->find("new")->text() == kSecret);
  const auto less = without_user(more, "new");
  check(less.has_value());
  const auto without = PasswordFile::parse(*less, "f");
  check(without.ok() && without->find("new") == nullptr && without->size() == after->size() - 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto hash = PasswordHash::parse(text)) {
    const auto again = PasswordHash::parse(hash->text());
    check(again.ok() && again->text() == hash->text());
  }
  const auto file = PasswordFile::parse(text, "f");
  check(file.ok() || (!file.error().empty() && file.error().size() <= kPasswordProblemsMax + 1));
  // An empty file computes a hash: too slow to be edited each time.
  if (file.ok() && file->size() > 0) edit(text, *file);
  return 0;
}
