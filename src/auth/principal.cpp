#include "auth/principal.hpp"

namespace tombo::auth {

const std::shared_ptr<const Principal>& nobody() {
  static const std::shared_ptr<const Principal> kNobody = std::make_shared<const Principal>();
  return kNobody;
}

std::shared_ptr<const Principal> somebody(std::string_view user_name) {
  if (user_name.empty()) return nobody();
  auto principal = std::make_shared<Principal>();
  principal->user_name = user_name;
  return principal;
}

std::shared_ptr<const Principal> kept_user(std::string_view user_name) {
  auto principal = std::make_shared<Principal>();
  principal->user_name = user_name;
  principal->backend = "store";
  return principal;
}

}  // namespace tombo::auth
