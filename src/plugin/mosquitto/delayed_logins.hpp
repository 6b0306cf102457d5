#pragma once

#include "auth/authenticator.hpp"
#include "plugin/mosquitto/client_record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace tombo::plugin::mosquitto {

/// A login of which a plugin said that it answers later.
struct DelayedLogin {
  std::uint64_t ticket = 0;
  auth::Login login;  // the password too, which is wiped
  std::unique_ptr<::mosquitto> client;
  std::chrono::steady_clock::time_point since{};
  bool lost = false;  // nobody can say to whom the next answers by its client id belong: it only keeps them from others

  DelayedLogin(std::uint64_t number, const auth::Login& from, std::unique_ptr<::mosquitto> record);
  DelayedLogin(const DelayedLogin&) = delete;
  DelayedLogin& operator=(const DelayedLogin&) = delete;
  ~DelayedLogin();

  /// Whether this login says and proves what that one does, so that an answer to it holds for that one, too.
  bool says(const auth::Login& that) const;
};

/// The logins that a plugin answers later, by mosquitto_complete_basic_auth(), which names nothing but the client id.  So
/// the plugin is asked about no more than one of each client id at a time: an answer that was found for one password must not
/// let in who gave another.
/// One whose deadline has passed stays, since its answer may still come, until that or kForgottenAfter.
/// Lives on: the plugin's thread.
class DelayedLogins {
 public:
  /// More are refused: one that was forgotten for another's sake could still be answered.
  static constexpr std::size_t kMax = 1'000;
  /// Answers that wait to be looked at.
  static constexpr std::size_t kAnswersMax = 10 * kMax;
  /// A plugin that has not answered by then does not.
  static constexpr std::chrono::seconds kForgottenAfter{120};
  using Time = std::chrono::steady_clock::time_point;

  enum class Added : std::uint8_t { yes, too_many, another };

  /// The one that waits by this client id, which it came with or was given; null: none.  Before the plugin is asked.
  DelayedLogin* find(const std::string& client_id, Time now);
  /// Whether this one may wait, or `another` does already by the client id that the plugin gave it: then the answers to both
  /// cannot be told apart, and neither is answered.  `lost` is the ticket of that one.
  Added add(std::unique_ptr<DelayedLogin> waiting, std::optional<std::uint64_t>& lost);
  /// The one that is answered; null: there is none.
  std::unique_ptr<DelayedLogin> take(const std::string& client_id);
  bool holds(const ::mosquitto& client) const;
  std::size_t size() const { return waiting_.size(); }
  void clear() { waiting_.clear(); }

 private:
  std::list<std::unique_ptr<DelayedLogin>> waiting_;  // by age
};

}  // namespace tombo::plugin::mosquitto
