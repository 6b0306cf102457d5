#pragma once

#include "auth/backends.hpp"
#include "auth/password_hash.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

inline constexpr std::size_t kPasswordFileBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kPasswordUsersMax = 500'000;
inline constexpr std::size_t kPasswordProblemsMax = 20;  // more are counted

/// Users and the hashes of their passwords, as mosquitto_passwd and `tomboctl passwd` write them: USER:HASH a line.
///
/// Blank lines and lines that begin with # count for nothing; blanks around a line, too.  Everything else that is not
/// USER:HASH is an error, so that a broken line never becomes a user without a password.  [CVE-2018-12551]
/// Immutable; any thread.
class PasswordFile {
 public:
  static Result<PasswordFile, Problems> load(const std::string& path);
  /// The same from memory; `name` stands for the file in problems.
  static Result<PasswordFile, Problems> parse(std::string_view text, const std::string& name);

  /// nullptr: there is no such user.
  const PasswordHash* find(std::string_view user) const;
  /// A hash to be computed for a user that is not there, so that the time does not tell who is: one of the file's, always
  /// the same for the same name.
  const PasswordHash& stand_in(std::string_view user) const;
  std::size_t size() const { return users_.size(); }

 private:
  struct User {
    std::string name;
    PasswordHash hash;
    int line = 0;
  };
  PasswordFile() = default;
  void read_line(std::string_view line, int number, const std::function<void(int, std::string)>& wrong);

  std::vector<User> users_;         // by name
  std::vector<PasswordHash> empty_; // the stand-in where there are no users
};

/// The user name that a line begins with; empty for a comment, a blank line and what has no ':'.
std::string_view user_of_line(std::string_view line);
/// What keeps `user` from standing in a password file; empty: nothing.
std::string trouble_with_user(std::string_view user);

}  // namespace tombo::auth
