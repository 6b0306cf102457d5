#pragma once

#include "auth/authenticator.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tombo::test {

/// Knows users by name, forbids what the test says, and speaks one method of enhanced authentication: "riddle", where the
/// client first says its name, then "right".
class Rulebook final : public auth::Authenticator {
 public:
  auth::LoginAnswer login(const auth::Login& login, std::function<void(auth::LoginAnswer)>) override {
    if (login.user_name == "stranger") return {auth::Decision::deny, mqtt::ReasonCode::bad_user_name_or_password, nullptr, "unknown"};
    return {auth::Decision::allow, mqtt::ReasonCode::success, principal(login.user_name), {}};
  }
  std::unique_ptr<auth::Exchange> begin_exchange(std::string_view method, const auth::Login&) override {
    if (method != "riddle") return nullptr;
    return std::make_unique<Riddle>(*this);
  }
  auth::AccessAnswer access(const auth::Access& access, std::function<void(auth::AccessAnswer)>) override {
    if (server_is_down && access.action != auth::Action::receive) return {auth::Decision::deny, mqtt::ReasonCode::not_authorized, nullptr};
    return rule_on(access);
  }
  auth::AccessAnswer rule_on(const auth::Access& access) override {
    const bool denied = forbidden.contains({access.action, std::string(access.topic)});
    return {denied ? auth::Decision::deny : auth::Decision::allow, mqtt::ReasonCode::not_authorized, nullptr};
  }
  bool restricts_access() const override { return true; }
  bool restricts_receiving() const override { return true; }
  bool knows_users() const override { return true; }

  std::set<std::pair<auth::Action, std::string>> forbidden;
  bool server_is_down = false; // somebody who is asked besides the rules refuses everything
  std::int64_t ends_at_s = 0;  // of logins from now on
  bool late = false;           // steps are answered when the test says so
  std::vector<std::function<void()>> due;

 private:
  class Riddle final : public auth::Exchange {
   public:
    explicit Riddle(Rulebook& book) : book_(book) {}
    auth::ExchangeAnswer step(std::string_view data, std::function<void(auth::ExchangeAnswer)> later) override {
      auth::ExchangeAnswer answer = judge(std::string(data));
      if (!book_.late) return answer;
      book_.due.push_back([later = std::move(later), answer] { later(answer); });
      answer.step = auth::ExchangeAnswer::Step::pending;
      return answer;
    }

   private:
    auth::ExchangeAnswer judge(const std::string& data) {
      using Step = auth::ExchangeAnswer::Step;
      if (name_.empty()) {
        name_ = data;
        return {Step::go_on, "what is it?", mqtt::ReasonCode::success, nullptr, {}, name_};
      }
      if (data == "again") return {Step::go_on, "once more", mqtt::ReasonCode::success, nullptr, {}, name_};
      if (data != "right") return {Step::deny, {}, mqtt::ReasonCode::not_authorized, nullptr, "wrong answer", name_};
      return {Step::allow, "well done", mqtt::ReasonCode::success, book_.principal(name_), {}, name_};
    }
    Rulebook& book_;
    std::string name_;
  };

  std::shared_ptr<const auth::Principal> principal(const std::string& user) const {
    auto made = std::make_shared<auth::Principal>();
    made->user_name = user;
    made->backend = "rulebook";
    made->ends_at_s = ends_at_s;
    return made;
  }
};

}  // namespace tombo::test
