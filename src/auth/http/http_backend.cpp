#include "auth/backends.hpp"
#include "auth/breaker.hpp"
#include "auth/http/answer.hpp"
#include "auth/http/client.hpp"
#include "auth/http/request.hpp"
#include "auth/verdict_cache.hpp"

#include <fmt/format.h>

#include <utility>

namespace tombo::auth {

namespace {

HttpClient::Settings settings_of(const config::Options& options, const std::string& url) {
  const config::Http& http = options.http;
  return {url, http.headers, http.ca_file, std::chrono::milliseconds(http.timeout_ms), options.auth.waiting_max};
}

/// What an answer that comes late needs, whether or not the backend is still there.
template <class Cache>
struct State {
  State(const config::Options& options, const Clock& with)
      : clock(with),
        cache(with, options.auth.cache_entries_max),
        breaker(with, options.http.breaker_failures, Seconds{options.http.breaker_pause_s}),
        ttl(options.http.cache_ttl_s) {}

  const Clock& clock;
  Cache cache;
  Breaker breaker;
  Seconds ttl;
};

Verdict error(mqtt::ReasonCode reason, std::string why) {
  Verdict made;
  made.kind = Verdict::Kind::error;
  made.reason = reason;
  made.why = std::move(why);
  return made;
}

class HttpBackend final : public Backend {
 public:
  HttpBackend(const config::Options& options, const Clock& clock)
      : state_(std::make_shared<State<VerdictCache>>(options, clock)), client_(settings_of(options, options.http.url)) {}

  std::string_view name() const override { return "http"; }

  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override {
    HttpQuestion question = ask_login(*login, state_->cache.hash());
    if (const auto known = state_->cache.find(question.key)) return done(*known);
    if (!state_->breaker.may_ask()) {
      return done(error(mqtt::ReasonCode::server_unavailable, "the server failed too often and is left alone"));
    }
    auto answered = [state = state_, key = question.key, user = login->user_name, done](const HttpResponse& response) {
      done(judge(*state, key, user, response));
    };
    if (client_.post(std::move(question.body), std::move(answered))) return;
    done(error(mqtt::ReasonCode::server_busy, "too many logins wait"));
  }

 private:
  static Verdict judge(State<VerdictCache>& state, const KeyedHash::Digest& key, const std::string& user,
                       const HttpResponse& response) {
    if (!response.problem.empty()) {
      state.breaker.failed();
      return error(mqtt::ReasonCode::server_unavailable, response.problem);
    }
    const HttpVerdict said =
        read_login_answer(response.status, response.body, user, state.ttl, state.clock.unix_seconds());
    if (said.verdict.kind == Verdict::Kind::error) {
      state.breaker.failed();
    } else {
      state.breaker.succeeded();
      state.cache.keep(key, said.verdict, said.ttl);
    }
    return said.verdict;
  }

  std::shared_ptr<State<VerdictCache>> state_;
  HttpClient client_;
};

class HttpReferee final : public Referee {
 public:
  HttpReferee(const config::Options& options, const Clock& clock)
      : state_(std::make_shared<State<AnswerCache<AccessAnswer>>>(options, clock)),
        client_(settings_of(options, options.http.acl_url)) {}

  AccessAnswer judge(const Access& access, std::function<void(AccessAnswer)> later) override {
    // A delivery cannot wait for a server; who may subscribe may receive.
    if (access.action == Action::receive) return {Decision::allow, {}, {}};
    HttpQuestion question = ask_access(access, state_->cache.hash());
    if (const auto known = state_->cache.find(question.key)) return *known;
    if (!state_->breaker.may_ask()) return deny("http: the server failed too often and is left alone");
    auto answered = [state = state_, key = question.key, later = std::move(later)](const HttpResponse& response) {
      later(read(*state, key, response));
    };
    if (client_.post(std::move(question.body), std::move(answered))) return {Decision::pending, {}, {}};
    return deny("http: too many questions wait");
  }

 private:
  static AccessAnswer deny(std::string why) {
    return {Decision::deny, mqtt::ReasonCode::not_authorized, std::make_shared<const std::string>(std::move(why))};
  }

  static AccessAnswer read(State<AnswerCache<AccessAnswer>>& state, const KeyedHash::Digest& key,
                           const HttpResponse& response) {
    if (!response.problem.empty()) {
      state.breaker.failed();
      return deny("http: " + response.problem);
    }
    const HttpAccess said = read_access_answer(response.status, response.body, state.ttl);
    if (said.is_answer) {
      state.breaker.succeeded();
      state.cache.keep(key, said.answer, said.ttl);
    } else {
      state.breaker.failed();
    }
    return said.answer;
  }

  std::shared_ptr<State<AnswerCache<AccessAnswer>>> state_;
  HttpClient client_;
};

template <class Made, class Interface>
Result<std::unique_ptr<Interface>, Problems> make(const config::Options& options, const Clock& clock,
                                                  const std::string& url, const std::string& url_option) {
  Problems problems;
  if (url.empty()) {
    problems.push_back(fmt::format("backend http needs '{}' in [http]", url_option));
  } else {
    problems = problems_of(settings_of(options, url), url_option);
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::unique_ptr<Interface>(std::make_unique<Made>(options, clock));
}

}  // namespace

MadeBackend make_http(const config::Options& options, Workers&, const Clock& clock) {
  return make<HttpBackend, Backend>(options, clock, options.http.url, "url");
}

MadeReferee make_http_acl(const config::Options& options, Workers&, const Clock& clock) {
  return make<HttpReferee, Referee>(options, clock, options.http.acl_url, "acl_url");
}

}  // namespace tombo::auth
