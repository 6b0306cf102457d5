#pragma once

#include "base/current.hpp"
#include "auth/chain/gate.hpp"
#include "auth/chain/snapshot.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

#include <atomic>

namespace tombo::auth {

/// The chain: who may come in, and what they may do, as the options say.
///
/// A login: where the listener takes user names from the transport, whom that has proved comes in, without a password, and
/// nobody else.  Otherwise the backends of the listener are asked in order until one knows the client; one that cannot
/// tell refuses (server_unavailable).  Whom nobody knows comes in without a name if it gave none and anonymous clients are
/// allowed.  Without any backend, and with anonymous clients allowed, everybody comes in under the name that they claim.
/// Enhanced authentication: the first backend that knows the method.
///
/// A pre-shared key: those of the listener's backends that give any are asked in order until one knows the identity.
///
/// An access: the policy of the listener by which the client came, which is [acl]'s or its own acl_file's, never both; and
/// behind it every referee must allow it.
///
/// Lives on: open(), reload(), close() and destruction main; the rest any thread.
class Guard final : public Authenticator, public acl::Explainer {
 public:
  /// Reads everything that the options name, or says all that is wrong.  `clock` outlives it.
  static Result<std::unique_ptr<Guard>, Problems> open(const config::Options& options, const Clock& clock, log::Logger log,
                                                       Guests guests = {});
  /// Closes it.
  ~Guard() override;

  /// Reads everything anew; holds from then on only if all could be read.  Logins on their way end as they began.
  Result<void, Problems> reload(const config::Options& options);
  /// Calls nobody back any more once it returns; logins are refused from then on.  Before the shards are destroyed.
  void close();
  /// Files and directories that open() and reload() read, to be watched for changes; empty texts among them are none.
  static std::vector<std::string> files(const config::Options& options);

  LoginAnswer login(const Login& login, std::function<void(LoginAnswer)> later) override;
  std::unique_ptr<Exchange> begin_exchange(std::string_view method, const Login& login) override;
  AccessAnswer access(const Access& access, std::function<void(AccessAnswer)> later) override;
  void psk_key(KeyWanted wanted, std::function<void(std::shared_ptr<const PskKey>)> later) override;
  acl::Explanation explain(const Access& access) const override;
  config::Acl sources() const override;
  bool remembers() const override { return remembers_.load(std::memory_order_acquire); }
  AccessAnswer rule_on(const Access& access) override { return current_.load()->judge(access); }
  bool restricts_access() const override { return restricts_.load(std::memory_order_acquire); }
  bool restricts_receiving() const override { return restricts_receiving_.load(std::memory_order_acquire); }
  bool asks_receiving() const override { return asks_for_all_.load(std::memory_order_acquire); }
  bool asks_unsubscribing() const override { return asks_for_all_.load(std::memory_order_acquire); }
  bool knows_users() const override { return knows_users_.load(std::memory_order_acquire); }
  std::uint64_t policy() const override { return policy_.load(std::memory_order_acquire); }

 private:
  Guard(const config::Options& options, const Clock& clock, log::Logger log, Guests guests);
  void let_go_of_the_old();

  const Clock& clock_;
  log::Logger log_;
  Guests guests_;
  Workers workers_;  // outlives the backends
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  // All snapshots that somebody may still use.  What is left of an old one dies here, not on the thread that used it last,
  // which may be the backend's own.
  std::vector<std::shared_ptr<const Snapshot>> all_;
  Current<Snapshot> current_;
  std::atomic<bool> restricts_{false};
  std::atomic<bool> restricts_receiving_{false};
  std::atomic<bool> asks_for_all_{false};
  std::atomic<bool> knows_users_{false};
  std::atomic<bool> remembers_{false};
  std::atomic<std::uint64_t> policy_{0};
};

}  // namespace tombo::auth
