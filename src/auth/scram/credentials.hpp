#pragma once

#include "auth/scram_secret.hpp"
#include "base/result.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

inline constexpr std::size_t kScramFileBytesMax = 64U * 1024U * 1024U;  // some 300,000 users

/// The users of a credential file.  Immutable.
class ScramCredentials {
 public:
  /// One `user:SCRAM-SHA-256$...` a line; empty lines and such that begin with # do not count.  A user may have a line
  /// for each mechanism.  The error is everything that is wrong, each as "FILE:LINE: what".
  static Result<ScramCredentials, std::vector<std::string>> parse(std::string_view text, std::string_view file);
  static Result<ScramCredentials, std::vector<std::string>> load(const std::string& file);

  /// Null: nobody of this name.  `user` was prepared (SASLprep) before.
  const ScramSecret* find(std::string_view user, ScramHash hash) const;
  /// Either mechanism's, the stronger first.
  const ScramSecret* find(std::string_view user) const;

  /// For a user who is not there: the same every time, looks like the others, and no password opens it.  So asking does
  /// not tell who is there.  It stays the same as long as the first user of this mechanism is the same.
  ScramSecret pretend(std::string_view user, ScramHash hash) const;

  std::size_t size() const { return users_[0].size() + users_[1].size(); }

 private:
  using Users = std::map<std::string, ScramSecret, std::less<>>;
  ScramCredentials();
  void take_line(std::string_view line, std::string_view place, std::vector<std::string>& problems);

  std::array<Users, 2> users_;       // by ScramHash
  std::array<ScramSecret, 2> first_;  // what pretended ones look like, and the key that they are made with
};

}  // namespace tombo::auth
