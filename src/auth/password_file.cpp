#include "auth/password_file.hpp"

#include "auth/files.hpp"
#include "mqtt/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tombo::auth {

namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::size_t kUserBytesMax = 65'535;  // of an MQTT string

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// FNV-1a: the same in every run, so that a name has the same stand-in after a reload.
std::size_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::size_t>(hash ^ hash >> 32);
}

}  // namespace

std::string_view user_of_line(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('#')) return {};
  const std::size_t colon = line.find(':');
  return colon == std::string_view::npos ? std::string_view{} : trimmed(line.substr(0, colon));
}

std::string trouble_with_user(std::string_view user) {
  if (user.empty()) return "the user name is empty";
  if (user.size() > kUserBytesMax) return fmt::format("the user name is longer than {} bytes", kUserBytesMax);
  if (user.find_first_of(":\n") != std::string_view::npos) return "a user name cannot hold ':' or a line break";
  if (user.starts_with('#') || trimmed(user) != user) return "a user name cannot begin with '#' or with or end in a blank";
  if (!mqtt::is_valid_text(user)) return "the user name is not UTF-8";
  return {};
}

void PasswordFile::read_line(std::string_view line, int number, const std::function<void(int, std::string)>& wrong) {
  line = trimmed(line);
  if (line.empty() || line.starts_with('#')) return;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return wrong(number, "this line has no ':', but a user is USER:HASH");
  const std::string_view user = trimmed(line.substr(0, colon));
  if (std::string why = trouble_with_user(user); !why.empty()) return wrong(number, std::move(why));
  auto hash = PasswordHash::parse(trimmed(line.substr(colon + 1)));
  if (!hash) return wrong(number, hash.error());
  users_.push_back({std::string{user}, std::move(*hash), number});
}

Result<PasswordFile, Problems> PasswordFile::parse(std::string_view text, const std::string& name) {
  PasswordFile file;
  Problems problems;
  std::size_t more = 0;
  const std::function<void(int, std::string)> wrong = [&](int line, const std::string& what) {
    if (problems.size() == kPasswordProblemsMax) {
      ++more;
      return;
    }
    problems.push_back(fmt::format("{}:{}: {}", name, line, what));
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  int number = 0;
  while (!text.empty() && file.users_.size() <= kPasswordUsersMax) {
    const std::size_t end = text.find('\n');
    file.read_line(text.substr(0, end), ++number, wrong);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (file.users_.size() > kPasswordUsersMax)
    wrong(number, fmt::format("a password file holds at most {} users", kPasswordUsersMax));
  std::stable_sort(file.users_.begin(), file.users_.end(), [](const User& a, const User& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < file.users_.size(); ++i) {
    if (file.users_[i].name == file.users_[i - 1].name) {
      wrong(file.users_[i].line, fmt::format("this user stands in line {} already", file.users_[i - 1].line));
    }
  }
  if (more > 0) problems.push_back(fmt::format("{}: and {} more", name, more));
  if (!problems.empty()) return Failure{std::move(problems)};
  if (file.users_.empty()) {
    auto hash = PasswordHash::make(has_argon2id() ? PasswordHash::Kind::argon2id : PasswordHash::Kind::pbkdf2, {});
    if (!hash) return Failure{Problems{fmt::format("{}: {}", name, hash.error())}};
    file.empty_.push_back(std::move(*hash));
  }
  return file;
}

Result<PasswordFile, Problems> PasswordFile::load(const std::string& path) {
  const auto text = read_file(path, kPasswordFileBytesMax);
  if (!text) return Failure{Problems{text.error()}};
  return parse(*text, path);
}

const PasswordHash* PasswordFile::find(std::string_view user) const {
  const auto at =
      std::lower_bound(users_.begin(), users_.end(), user, [](const User& a, std::string_view b) { return a.name < b; });
  return at != users_.end() && at->name == user ? &at->hash : nullptr;
}

const PasswordHash& PasswordFile::stand_in(std::string_view user) const {
  return users_.empty() ? empty_.front() : users_[hash_of(user) % users_.size()].hash;
}

}  // namespace tombo::auth
