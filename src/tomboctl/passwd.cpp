#include "tomboctl/passwd.hpp"

#include "auth/files.hpp"
#include "auth/password_file.hpp"
#include "auth/scram/scram_line.hpp"
#include "auth/user_lines.hpp"
#include "base/result.hpp"
#include "tomboctl/human.hpp"
#include "tomboctl/replace_file.hpp"
#include "tomboctl/secret_input.hpp"
#include "tomboctl/trouble.hpp"

#include <fmt/core.h>

#include <unistd.h>
#include <cstdio>
#include <string>
#include <utility>

namespace tombo::tomboctl {

namespace {

using auth::PasswordHash;

Failure<Trouble> refused(std::string text) { return Failure{Trouble{kExitRefused, std::move(text)}}; }

/// The text of the file to be edited, once it is known to be whole: editing must not make a broken line look right.
Result<std::string, Trouble> old_text(const PasswdWish& wish) {
  if (wish.create) return std::string{};
  if (::access(wish.file.c_str(), F_OK) != 0) return refused(wish.file + ": there is no such file; -c makes a new one");
  auto text = auth::read_file(wish.file, auth::kPasswordFileBytesMax);
  if (!text) return refused(text.error());
  if (wish.scram) return std::move(*text);  // edit_scram_lines() looks at it
  if (const auto read = auth::PasswordFile::parse(*text, wish.file); !read) return refused(read.error().front());
  return std::move(*text);
}

Result<std::string, Trouble> new_password(const PasswdWish& wish) {
  auto password = wish.batch ? Result<std::string, std::string>{wish.password} : read_new_password();
  if (!password) return refused(password.error());
  if (password->empty()) return refused("an empty password lets nobody in");
  return std::move(*password);
}

Result<std::string, Trouble> new_hash(const PasswdWish& wish) {
  const auto password = new_password(wish);
  if (!password) return Failure{password.error()};
  const bool argon2id = wish.form_given ? wish.form == PasswdWish::Form::argon2id : auth::has_argon2id();
  const auto hash = PasswordHash::make(argon2id ? PasswordHash::Kind::argon2id : PasswordHash::Kind::pbkdf2, *password);
  if (!hash) return refused(hash.error());
  return hash->text();
}

Result<std::string, Trouble> edit_scram(const PasswdWish& wish, const std::string& text) {
  std::string password;
  if (!wish.remove) {
    auto given = new_password(wish);
    if (!given) return Failure{given.error()};
    password = std::move(*given);
  }
  auto edited = auth::edit_scram_lines(text, wish.file, wish.user, wish.remove ? nullptr : &password);
  if (!edited) return refused(edited.error());
  return std::move(*edited);
}

Result<void, Trouble> carry_out(const PasswdWish& wish) {
  if (const std::string why = auth::trouble_with_user(wish.user); !why.empty()) return Failure{Trouble{kExitUsage, why}};
  auto text = old_text(wish);
  if (!text) return Failure{text.error()};
  if (wish.scram) {
    auto edited = edit_scram(wish, *text);
    if (!edited) return Failure{edited.error()};
    *text = std::move(*edited);
  } else if (wish.remove) {
    auto without = auth::without_user(*text, wish.user);
    if (!without) return refused(fmt::format("{}: there is no user {}", wish.file, wish.user));
    *text = std::move(*without);
  } else {
    const auto hash = new_hash(wish);
    if (!hash) return Failure{hash.error()};
    *text = auth::with_user(*text, wish.user, *hash);
  }
  const auto written = replace_file(wish.file, *text);
  if (!written) return refused(written.error());
  return {};
}

}  // namespace

int run_passwd(const PasswdWish& wish) {
  const auto done = carry_out(wish);
  if (done) return kExitOk;
  fmt::print(stderr, "tomboctl: {}\n", printable(done.error().text, std::string::npos));
  return done.error().exit_code;
}

}  // namespace tombo::tomboctl
