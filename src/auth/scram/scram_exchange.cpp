#include "auth/scram/scram_exchange.hpp"

#include "auth/scram/saslprep.hpp"
#include "base/base64.hpp"

#include <utility>

namespace tombo::auth {

namespace {

std::string property_of(Gsasl_session* session, Gsasl_property property) {
  const char* value = gsasl_property_fast(session, property);
  return value == nullptr ? std::string{} : std::string(value);
}

}  // namespace

ScramServer::ScramServer(ScramCredentials credentials) : credentials_(std::move(credentials)) {
  TOMBO_ASSERT(gsasl_init(&context_) == GSASL_OK);
  gsasl_callback_set(context_, &ScramExchange::on_property);
}

ScramServer::~ScramServer() { gsasl_done(context_); }

ScramExchange::ScramExchange(std::shared_ptr<const ScramServer> server, ScramHash hash,
                             std::shared_ptr<const Login> login)
    : server_(std::move(server)), hash_(hash), login_(std::move(login)) {
  Gsasl_session* session = nullptr;
  if (gsasl_server_start(server_->context(), std::string(mechanism_of(hash_)).c_str(), &session) != GSASL_OK) return;
  session_.reset(session);
  gsasl_session_hook_set(session, this);
}

int ScramExchange::on_property(Gsasl*, Gsasl_session* session, Gsasl_property property) {
  return static_cast<ScramExchange*>(gsasl_session_hook_get(session))->tell(property);
}

void ScramExchange::choose_secret() {
  chosen_ = true;
  const std::string said = property_of(session_.get(), GSASL_AUTHID);
  user_ = saslprep(said).value_or(std::string{});
  // Made for everybody, so that those who are there do not take less time.
  ScramSecret pretended = server_->credentials().pretend(user_.empty() ? said : user_, hash_);
  const ScramSecret* known = user_.empty() ? nullptr : server_->credentials().find(user_, hash_);
  is_known_ = known != nullptr;
  secret_ = is_known_ ? *known : std::move(pretended);
}

int ScramExchange::tell(Gsasl_property property) {
  if (!chosen_) choose_secret();
  const auto set = [&](const std::string& value) {
    return gsasl_property_set(session_.get(), property, value.c_str());
  };
  switch (property) {
    case GSASL_SCRAM_ITER: return set(std::to_string(secret_.iterations));
    case GSASL_SCRAM_SALT: return set(base64(secret_.salt));
    case GSASL_SCRAM_STOREDKEY: return set(base64(secret_.stored_key));
    case GSASL_SCRAM_SERVERKEY: return set(base64(secret_.server_key));
    default: return GSASL_NO_CALLBACK;
  }
}

ExchangeAnswer ScramExchange::deny(std::string_view why) {
  session_.reset();
  ExchangeAnswer answer;
  answer.why = "scram: " + std::string(why);
  answer.user_name = user_;
  return answer;
}

/// A client that named itself in CONNECT cannot be somebody else.
bool ScramExchange::is_mine(const std::string& user) const {
  if (!login_->has_user_name || login_->user_name.empty()) return true;
  return saslprep(login_->user_name) == user;
}

ExchangeAnswer ScramExchange::finish(std::string data) {
  if (!is_known_) return deny("unknown user");
  const std::string acts_as = property_of(session_.get(), GSASL_AUTHZID);
  if (!acts_as.empty() && acts_as != user_) return deny("wants to act as another user");
  auto principal = std::make_shared<Principal>();
  principal->user_name = user_;
  principal->backend = "scram";
  session_.reset();
  ExchangeAnswer answer;
  answer.step = ExchangeAnswer::Step::allow;
  answer.data = std::move(data);
  answer.principal = std::move(principal);
  return answer;
}

ExchangeAnswer ScramExchange::step(std::string_view data, std::function<void(ExchangeAnswer)>) {
  if (!session_) return deny("is over");
  if (++steps_ > kScramStepsMax) return deny("too many steps");
  if (data.size() > kScramMessageBytesMax) return deny("message too long");
  // GNU SASL works on C strings: what comes behind a NUL would not count.
  if (data.find('\0') != std::string_view::npos) return deny("malformed message");
  // GNU SASL would notice only in the end that a client binds to a channel, which was not offered.
  if (!chosen_ && data.starts_with('p')) return deny("wants channel binding");
  char* output = nullptr;
  std::size_t length = 0;
  const int result = gsasl_step(session_.get(), data.data(), data.size(), &output, &length);
  std::string reply = output == nullptr ? std::string{} : std::string(output, length);
  gsasl_free(output);
  if (result != GSASL_OK && result != GSASL_NEEDS_MORE) {
    return deny(result == GSASL_AUTHENTICATION_ERROR ? (is_known_ ? "wrong password" : "unknown user")
                                                     : gsasl_strerror(result));
  }
  if (chosen_ && !is_mine(user_)) return deny("not the user that CONNECT names");
  if (result == GSASL_OK) return finish(std::move(reply));
  ExchangeAnswer answer;
  answer.step = ExchangeAnswer::Step::go_on;
  answer.data = std::move(reply);
  answer.user_name = user_;
  return answer;
}

}  // namespace tombo::auth
