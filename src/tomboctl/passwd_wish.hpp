#pragma once

#include <cstdint>
#include <string>

namespace tombo::tomboctl {

/// What the command line asks to be done with a file of users and passwords.
struct PasswdWish {
  enum class Form : std::uint8_t { argon2id, pbkdf2 };
  bool wanted = false;
  bool create = false;    // a new file; an old one goes
  bool batch = false;     // the password stands on the command line
  bool remove = false;    // the user
  bool scram = false;     // a file of SCRAM credentials
  bool form_given = false;
  Form form = Form::argon2id;
  std::string file;
  std::string user;
  std::string password;   // with batch
};

}  // namespace tombo::tomboctl
