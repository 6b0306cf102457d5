#pragma once

#include "auth/authenticator.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tombo::auth {

/// Builds the login that a test needs.
struct LoginOf {
  Login login;

  explicit LoginOf(std::string_view client_id = "c1") {
    login.client_id = client_id;
    login.peer = std::make_shared<const Peer>();
  }
  LoginOf user(std::string_view name) && {
    login.has_user_name = true;
    login.user_name = name;
    return std::move(*this);
  }
  LoginOf password(std::string_view bytes) && {
    login.has_password = true;
    login.password = bytes;
    return std::move(*this);
  }
  LoginOf at(std::size_t listener) && {
    login.listener = listener;
    return std::move(*this);
  }
  LoginOf from(Peer peer) && {
    login.peer = std::make_shared<const Peer>(std::move(peer));
    return std::move(*this);
  }
  operator Login() const { return login; }
};

}  // namespace tombo::auth
