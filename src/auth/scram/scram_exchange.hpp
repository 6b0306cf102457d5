#pragma once

#include "auth/authenticator.hpp"
#include "auth/scram/credentials.hpp"

#include <gsasl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::auth {

inline constexpr std::size_t kScramMessageBytesMax = 4'096;  // of a client; real ones have some hundred
inline constexpr int kScramStepsMax = 3;                     // an empty one, client-first, client-final

/// GNU SASL and the credentials that it asks for.  Immutable once made: shared by all exchanges.
class ScramServer {
 public:
  explicit ScramServer(ScramCredentials credentials);
  ~ScramServer();
  ScramServer(const ScramServer&) = delete;
  ScramServer& operator=(const ScramServer&) = delete;

  Gsasl* context() const { return context_; }
  const ScramCredentials& credentials() const { return credentials_; }

 private:
  Gsasl* context_ = nullptr;
  ScramCredentials credentials_;
};

/// One SCRAM authentication, answered at once in every step (some HMACs).  Channel binding is not offered.
class ScramExchange final : public Exchange {
 public:
  ScramExchange(std::shared_ptr<const ScramServer> server, ScramHash hash, std::shared_ptr<const Login> login);
  ExchangeAnswer step(std::string_view data, std::function<void(ExchangeAnswer)> later) override;

 private:
  /// What GNU SASL asks while it takes a step; the session's hook is the exchange.
  static int on_property(Gsasl* context, Gsasl_session* session, Gsasl_property property);
  friend class ScramServer;
  int tell(Gsasl_property property);
  ExchangeAnswer deny(std::string_view why);
  ExchangeAnswer finish(std::string data);
  bool is_mine(const std::string& user) const;
  void choose_secret();

  struct End {
    void operator()(Gsasl_session* session) const { gsasl_finish(session); }
  };
  std::shared_ptr<const ScramServer> server_;
  ScramHash hash_;
  std::shared_ptr<const Login> login_;
  std::unique_ptr<Gsasl_session, End> session_;  // null: could not be begun, or is over
  ScramSecret secret_;
  std::string user_;       // who the client says it is, prepared
  bool is_known_ = false;
  bool chosen_ = false;
  int steps_ = 0;
};

}  // namespace tombo::auth
