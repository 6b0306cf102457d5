#pragma once

#include "auth/backend.hpp"
#include "auth/backends.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::test {

/// A login with a password, as a 3.1.1 client sends it.
inline std::shared_ptr<auth::Login> login_of(std::string user, std::string password) {
  auto login = std::make_shared<auth::Login>();
  login->client_id = "c1";
  login->has_user_name = true;
  login->user_name = std::move(user);
  login->has_password = true;
  login->password = std::move(password);
  login->version = mqtt::Version::v3_1_1;
  auto peer = std::make_shared<auth::Peer>();
  peer->address = "192.0.2.1:40000";
  login->peer = std::move(peer);
  return login;
}

/// Asks and waits.  A verdict that does not come within 30 s is a failure of the test.
inline auth::Verdict ask(auth::Backend& backend, std::shared_ptr<const auth::Login> login) {
  auto promise = std::make_shared<std::promise<auth::Verdict>>();
  auto answer = promise->get_future();
  backend.ask(std::move(login), [promise](auth::Verdict verdict) { promise->set_value(std::move(verdict)); });
  if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
    ADD_FAILURE() << "no verdict";
    return {auth::Verdict::Kind::error, nullptr, {}, "no verdict"};
  }
  return answer.get();
}

inline std::string_view name_of(auth::Verdict::Kind kind) {
  switch (kind) {
    case auth::Verdict::Kind::unknown: return "unknown";
    case auth::Verdict::Kind::allow: return "allow";
    case auth::Verdict::Kind::deny: return "deny";
    default: return "error";
  }
}
/// "allow" or "deny: wrong password".
inline std::string said(const auth::Verdict& verdict) {
  std::string text(name_of(verdict.kind));
  if (verdict.kind == auth::Verdict::Kind::allow) {
    EXPECT_NE(verdict.principal, nullptr);
    return text;
  }
  EXPECT_EQ(verdict.principal, nullptr);
  return verdict.why.empty() ? text : text + ": " + verdict.why;
}
inline std::string said(auth::Backend& backend, std::string user, std::string password) {
  return said(ask(backend, login_of(std::move(user), std::move(password))));
}

/// A directory of one test's own.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "tombo_backends_XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string path(std::string_view name) const { return (path_ / name).string(); }
  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tombo::test
