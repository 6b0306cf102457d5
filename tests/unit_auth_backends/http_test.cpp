#include "asking.hpp"
#include "contract_test.hpp"
#include "http_server.hpp"
#include "process.hpp"

#include "auth/http/answer.hpp"
#include "auth/http/client.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace {

using namespace tombo;
using namespace tombo::auth;
using test::HttpServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Reply = HttpServer::Reply;

Reply with(int status, std::string body = {}) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

class Http : public testing::Test {
 protected:
  std::unique_ptr<Backend> backend(const std::string& url) {
    options_.http.url = url;
    auto made = make_http(options_, workers_, clock_);
    EXPECT_TRUE(made.ok());
    return made ? std::move(*made) : nullptr;
  }
  /// What a server that answers like this makes of a login.
  Verdict verdict(const Reply& reply) {
    HttpServer server([&](auto&, auto&) { return reply; });
    return test::ask(*backend(server.url()), test::login_of("alice", "pw"));
  }
  std::string said(const Reply& reply) { return test::said(verdict(reply)); }

  test::Directory directory_;
  config::Options options_;
  ManualClock clock_;
  Workers workers_{1, 100};
};

TEST_F(Http, AllowsDeniesAndPassesOn) {
  EXPECT_EQ(said(with(200, R"({"result":"allow"})")), "allow");
  EXPECT_EQ(said(with(204)), "allow");
  EXPECT_EQ(said(with(200, R"({"result":"deny"})")), "deny: the server says no");
  EXPECT_EQ(said(with(401)), "deny: the server says no");
  EXPECT_EQ(said(with(403)), "deny: the server says no");
  EXPECT_EQ(said(with(200, R"({"result":"ignore"})")), "unknown");
}

TEST_F(Http, SaysWhoItIs) {
  const Verdict named = verdict(with(200, R"({"result":"allow","user":"Alice","groups":["a","b"],"expires_at":1800000000})"));
  ASSERT_NE(named.principal, nullptr);
  EXPECT_EQ(named.principal->user_name, "Alice");
  EXPECT_EQ(named.principal->backend, "http");
  EXPECT_THAT(named.principal->groups, ElementsAre("a", "b"));
  EXPECT_EQ(named.principal->ends_at_s, 1'800'000'000);
  EXPECT_EQ(verdict(with(204)).principal->user_name, "alice");
  EXPECT_EQ(said(with(200, R"({"result":"allow","expires_at":1600000000})")), "deny: expired");
}

TEST_F(Http, WhateverElseIsSaidRefuses) {
  for (const char* body :
       {"", "{", "null", "[]", "\"allow\"", "{}", R"({"result":true})", R"({"result":"ALLOW"})", R"({"result":["allow"]})",
        R"({"result":"allow","user":""})", R"({"result":"allow","user":7})", R"({"result":"allow","user":"a\u0000b"})",
        R"({"result":"allow","groups":"a"})", R"({"result":"allow","groups":[1]})", R"({"result":"allow","ttl":-1})",
        R"({"result":"allow","ttl":"60"})", R"({"result":"allow","ttl":18446744073709551615})", R"({"result":"allow","ttl":1.5})",
        R"({"result":"allow","expires_at":"soon"})", R"({"result":"allow","expires_at":0})", "{\"result\":\"allow\"} x",
        "{\"result\":\"allow\",\"user\":\"\xff\"}"}) {
    EXPECT_EQ(verdict(with(200, body)).kind, Verdict::Kind::error) << body;
  }
  for (const int status : {201, 202, 206, 300, 301, 400, 402, 404, 407, 418, 429, 500, 502, 503}) {
    EXPECT_EQ(verdict(with(status, R"({"result":"allow"})")).kind, Verdict::Kind::error) << status;
  }
  const HttpVerdict deep = read_login_answer(200, std::string(60'000, '['), "a", Seconds{1}, 0);
  EXPECT_EQ(deep.verdict.kind, Verdict::Kind::error);
  std::string nested = "{\"result\":\"allow\",\"x\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}";
  EXPECT_EQ(read_login_answer(200, nested, "a", Seconds{1}, 0).verdict.kind, Verdict::Kind::allow) << "depth is no recursion";
}

TEST_F(Http, RedirectsAreNotFollowed) {
  HttpServer other([](auto&, auto&) { return with(204); });
  Reply reply = with(302);
  reply.headers = "Location: " + other.url() + "\r\n";
  EXPECT_EQ(said(reply), "error: the server answers with status 302");
  EXPECT_EQ(other.requests(), 0);
}

TEST_F(Http, EnvironmentHasNoProxy) {
  HttpServer proxy([](auto&, auto&) { return with(204); });
  setenv("http_proxy", proxy.url("").c_str(), 1);
  EXPECT_EQ(said(with(401)), "deny: the server says no");
  unsetenv("http_proxy");
  EXPECT_EQ(proxy.requests(), 0);
}

TEST_F(Http, TellsAllThatIsKnown) {
  HttpServer server([](auto&, auto&) { return with(204); });
  options_.http.headers = {"Authorization: Bearer t0ken"};
  const auto http = backend(server.url("/who?x=1"));
  const auto login = test::login_of("al\"ice", "pw\xc3\xa4");
  auto peer = std::make_shared<Peer>();
  peer->address = "[2001:db8::1]:40000";
  peer->certificate_cn = "cn\xff";
  peer->unix_peer = UnixPeer{1, 1000, 1000};
  login->peer = peer;
  test::ask(*http, login);
  EXPECT_THAT(server.last_head(), HasSubstr("POST /who?x=1 HTTP/1.1"));
  EXPECT_THAT(server.last_head(), HasSubstr("Authorization: Bearer t0ken"));
  EXPECT_THAT(server.last_head(), HasSubstr("Content-Type: application/json"));
  const auto json = nlohmann::json::parse(server.last_body());
  EXPECT_EQ(json["client_id"], "c1");
  EXPECT_EQ(json["user"], "al\"ice");
  EXPECT_EQ(json["password"], "pw\xc3\xa4");
  EXPECT_EQ(json["address"], "[2001:db8::1]");
  EXPECT_EQ(json["protocol"], "3.1.1");
  EXPECT_EQ(json["listener"], 0);
  EXPECT_EQ(json["uid"], 1000);
  EXPECT_EQ(json["certificate_cn"], "cn\xef\xbf\xbd");
  login->password = std::string("a\0b", 3);
  test::ask(*http, login);
  const auto binary = nlohmann::json::parse(server.last_body());
  EXPECT_EQ(binary["password_base64"], "YQBi");
  EXPECT_FALSE(binary.contains("password"));
}

TEST_F(Http, AnswersAreRememberedForTheirTime) {
  HttpServer server([](auto&, const std::string& body) {
    return body.find("\"short\"") != std::string::npos  ? with(200, R"({"result":"allow","ttl":5})")
           : body.find("\"never\"") != std::string::npos ? with(200, R"({"result":"allow","ttl":0})")
                                                         : with(401);
  });
  const auto http = backend(server.url());
  EXPECT_EQ(test::said(*http, "short", "pw"), "allow");
  EXPECT_EQ(test::said(*http, "short", "pw"), "allow");
  EXPECT_EQ(server.requests(), 1);
  EXPECT_EQ(test::said(*http, "short", "pw2"), "allow");
  EXPECT_EQ(server.requests(), 2) << "another password is another question";
  clock_.advance(Seconds{6});
  EXPECT_EQ(test::said(*http, "short", "pw"), "allow");
  EXPECT_EQ(server.requests(), 3);
  EXPECT_EQ(test::said(*http, "never", "pw"), "allow");
  EXPECT_EQ(test::said(*http, "never", "pw"), "allow");
  EXPECT_EQ(server.requests(), 5);
  EXPECT_EQ(test::said(*http, "other", "pw"), "deny: the server says no");
  clock_.advance(Seconds{59});
  EXPECT_EQ(test::said(*http, "other", "pw"), "deny: the server says no");
  EXPECT_EQ(server.requests(), 6);
  clock_.advance(Seconds{1});
  EXPECT_EQ(test::said(*http, "other", "pw"), "deny: the server says no");
  EXPECT_EQ(server.requests(), 7);
}

TEST_F(Http, PortOfAClientMakesNoOtherQuestion) {
  HttpServer server([](auto&, auto&) { return with(204); });
  const auto http = backend(server.url());
  for (const char* address : {"192.0.2.1:1", "192.0.2.1:2"}) {
    const auto login = test::login_of("alice", "pw");
    auto peer = std::make_shared<Peer>();
    peer->address = address;
    login->peer = peer;
    test::ask(*http, login);
  }
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(Http, RememberedAllowEndsWithItsPrincipal) {
  const std::int64_t ends = clock_.unix_seconds() + 10;
  HttpServer server([&](auto&, auto&) { return with(200, R"({"result":"allow","expires_at":)" + std::to_string(ends) + "}"); });
  const auto http = backend(server.url());
  EXPECT_EQ(test::said(*http, "alice", "pw"), "allow");
  clock_.advance(Seconds{11});
  EXPECT_EQ(test::said(*http, "alice", "pw"), "deny: expired");
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(Http, ServerThatIsDownIsLeftAloneAndComesBack) {
  options_.http.breaker_failures = 3;
  options_.http.breaker_pause_s = 10;
  std::uint16_t port;
  {
    HttpServer gone([](auto&, auto&) { return with(204); });
    port = gone.port();
  }
  const auto http = backend("http://127.0.0.1:" + std::to_string(port) + "/");
  for (int i = 0; i < 3; ++i) {
    const Verdict verdict = test::ask(*http, test::login_of("alice", "pw"));
    EXPECT_EQ(verdict.kind, Verdict::Kind::error);
    EXPECT_EQ(verdict.reason, mqtt::ReasonCode::server_unavailable);
    EXPECT_THAT(verdict.why, Not(HasSubstr("left alone")));
  }
  HttpServer back([](auto&, auto&) { return with(204); }, port);
  EXPECT_EQ(test::said(*http, "alice", "pw"), "error: the server failed too often and is left alone");
  EXPECT_EQ(back.requests(), 0);
  clock_.advance(Seconds{10});
  EXPECT_EQ(test::said(*http, "alice", "pw"), "allow");
  EXPECT_EQ(test::said(*http, "bob", "pw"), "allow");
}

TEST_F(Http, BreakerTriesOnceAtATime) {
  options_.http.breaker_failures = 1;
  HttpServer server([](auto&, auto&) { return with(500); });
  const auto http = backend(server.url());
  for (int i = 0; i < 5; ++i) test::said(*http, "alice", "pw");
  EXPECT_EQ(server.requests(), 1);
  clock_.advance(Seconds{10});
  for (int i = 0; i < 5; ++i) test::said(*http, "alice", "pw");
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(Http, SlowServerIsAnErrorInTime) {
  options_.http.timeout_ms = 200;
  Reply slow = with(204);
  slow.after = std::chrono::seconds(20);
  EXPECT_EQ(said(slow), "error: no answer in time");
}

TEST_F(Http, BrokenAnswersAreErrors) {
  const auto raw = [](std::string text) {
    Reply reply;
    reply.raw = std::move(text);
    return reply;
  };
  Reply nothing;
  nothing.hang_up = true;
  EXPECT_THAT(said(nothing), HasSubstr("error: "));
  EXPECT_THAT(said(raw("220 mail.example.org ESMTP\r\n")), HasSubstr("error: "));
  EXPECT_THAT(said(raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"result\":\"allow\"}")), HasSubstr("error: "));
  EXPECT_THAT(said(with(200, R"({"result":"allow","x":")" + std::string(70'000, 'x') + "\"}")), "error: the answer is too long");
  Reply heady = with(204);
  heady.headers = "X: " + std::string(50'000, 'x') + "\r\nY: " + std::string(50'000, 'y') + "\r\n";
  EXPECT_THAT(said(heady), HasSubstr("error: "));
}

TEST_F(Http, ConnectionsAreUsedAgainAndManyAskAtOnce) {
  options_.http.cache_ttl_s = 0;
  HttpServer server([](auto&, auto&) {
    Reply reply = with(204);
    reply.after = std::chrono::milliseconds(20);
    return reply;
  });
  const auto http = backend(server.url());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(test::said(*http, "alice", "pw"), "allow");
  EXPECT_EQ(server.connections(), 1);
  std::atomic<int> allowed{0};
  for (int i = 0; i < 500; ++i) {
    http->ask(test::login_of("alice", "pw"), [&](const Verdict& verdict) {
      if (verdict.kind == Verdict::Kind::allow) ++allowed;
    });
  }
  for (int i = 0; i < 1000 && allowed < 500; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(allowed, 500);
  EXPECT_LE(server.connections(), 64);
  EXPECT_GT(server.most_at_once(), 10);
}

TEST_F(Http, TooManyThatWaitAreRefused) {
  options_.auth.waiting_max = 10;
  options_.http.timeout_ms = 2'000;
  HttpServer server([](auto&, auto&) {
    Reply reply = with(204);
    reply.after = std::chrono::seconds(20);
    return reply;
  });
  const auto http = backend(server.url());
  std::atomic<int> answered{0}, busy{0};
  for (int i = 0; i < 30; ++i) {
    http->ask(test::login_of("alice", "pw"), [&](const Verdict& verdict) {
      if (verdict.reason == mqtt::ReasonCode::server_busy) ++busy;
      ++answered;
    });
  }
  EXPECT_EQ(busy, 20);
  for (int i = 0; i < 1000 && answered < 30; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(answered, 30);
}

TEST_F(Http, EndsWhileQuestionsWait) {
  HttpServer server([](auto&, auto&) {
    Reply reply = with(204);
    reply.after = std::chrono::seconds(20);
    return reply;
  });
  auto http = backend(server.url());
  std::atomic<int> answered{0};
  for (int i = 0; i < 100; ++i) http->ask(test::login_of("alice", "pw"), [&](const Verdict&) { ++answered; });
  http.reset();
  EXPECT_EQ(answered, 0);
}

constexpr const char* kTlsServer = R"(
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2] + '.pem', sys.argv[2] + '.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
)";

TEST_F(Http, TlsChecksTheServer) {
  if (!test::is_executable("/usr/bin/python3")) GTEST_SKIP() << "python3, which serves, is missing";
  const std::string own = directory_.path("server"), other = directory_.path("other");
  test::make_certificate(own);
  test::make_certificate(other);
  const std::string port = std::to_string(test::free_port());
  test::Process server({"/usr/bin/python3", "-c", kTlsServer, port, own}, directory_.path("log"));
  options_.http.ca_file = own + ".pem";
  options_.http.breaker_failures = 10'000;
  const auto trusting = backend("https://127.0.0.1:" + port + "/");
  EXPECT_TRUE(test::eventually([&] { return test::said(*trusting, "alice", "pw") == "allow"; }))
      << test::text_of_file(directory_.path("log"));
  EXPECT_THAT(test::said(*backend("https://127.0.0.2:" + port + "/"), "alice", "pw"), HasSubstr("error: "));
  options_.http.ca_file = other + ".pem";
  EXPECT_THAT(test::said(*backend("https://127.0.0.1:" + port + "/"), "alice", "pw"), HasSubstr("error: SSL"));
  options_.http.ca_file.clear();
  EXPECT_THAT(test::said(*backend("https://127.0.0.1:" + port + "/"), "alice", "pw"), HasSubstr("error: SSL"))
      << "the system's authorities do not know it";
}

TEST_F(Http, OptionsThatCannotBeRightAreErrors) {
  const auto problems = [&](const std::string& url) {
    options_.http.url = url;
    auto made = make_http(options_, workers_, clock_);
    return made ? Problems{} : made.error();
  };
  for (const auto* url : {"", "file:///etc/passwd", "ftp://x/", "gopher://x/", "no url", "http://", "ldap://x"}) {
    EXPECT_EQ(problems(url).size(), 1U) << url;
  }
  options_.http.headers = {"no colon", "X: y\r\nZ: injected", ": x"};
  options_.http.ca_file = directory_.write("ca.pem", "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(problems("https://x/").size(), 4U);
  options_.http.headers.clear();
  options_.http.ca_file = directory_.path("none.pem");
  EXPECT_THAT(problems("https://x/"), ElementsAre(HasSubstr("none.pem: cannot be opened")));
  EXPECT_FALSE(make_http_acl(options_, workers_, clock_).ok()) << "no acl_url";
}

class HttpAcl : public Http {
 protected:
  AccessAnswer judge(Referee& referee, Action action, std::string_view topic) {
    auto promise = std::make_shared<std::promise<AccessAnswer>>();
    auto future = promise->get_future();
    const auto principal = somebody("alice");
    const Access access{action, "c1", principal, 0, topic, mqtt::Qos::at_least_once, true};
    AccessAnswer answer = referee.judge(access, [promise](AccessAnswer later) { promise->set_value(std::move(later)); });
    was_pending_ = answer.decision == Decision::pending;
    if (!was_pending_) return answer;
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      return {Decision::pending, {}, {}};
    }
    return future.get();
  }
  std::unique_ptr<Referee> referee(const std::string& url) {
    options_.http.acl_url = url;
    auto made = make_http_acl(options_, workers_, clock_);
    EXPECT_TRUE(made.ok());
    return std::move(*made);
  }
  bool was_pending_ = false;
};

TEST_F(HttpAcl, JudgesAndRemembers) {
  HttpServer server([](auto&, const std::string& body) {
    const auto json = nlohmann::json::parse(body);
    if (json["user"] != "alice" || json["client_id"] != "c1" || json["qos"] != 1 || json["retain"] != true) return with(500);
    if (json["topic"] == "ignored") return with(200, R"({"result":"ignore"})");
    return json["topic"] == "allowed" && json["action"] == "publish" ? with(204) : with(403);
  });
  const auto http = referee(server.url());
  const AccessAnswer allowed = judge(*http, Action::publish, "allowed");
  EXPECT_EQ(allowed.decision, Decision::allow);
  EXPECT_NE(allowed.rule, nullptr);
  EXPECT_TRUE(was_pending_);
  EXPECT_EQ(judge(*http, Action::publish, "allowed").decision, Decision::allow);
  EXPECT_FALSE(was_pending_);
  EXPECT_EQ(judge(*http, Action::subscribe, "allowed").decision, Decision::deny);
  EXPECT_EQ(judge(*http, Action::publish, "other").decision, Decision::deny);
  const AccessAnswer ignored = judge(*http, Action::publish, "ignored");
  EXPECT_EQ(ignored.decision, Decision::allow);
  EXPECT_EQ(ignored.rule, nullptr) << "no opinion";
  EXPECT_EQ(server.requests(), 4);
  clock_.advance(Seconds{60});
  judge(*http, Action::publish, "allowed");
  EXPECT_EQ(server.requests(), 5);
  judge(*http, Action::receive, "other");
  EXPECT_EQ(server.requests(), 5);
}

TEST_F(HttpAcl, FailsClosed) {
  HttpServer server([](auto&, auto&) { return with(500, R"({"result":"allow"})"); });
  const auto http = referee(server.url());
  const AccessAnswer answer = judge(*http, Action::publish, "x");
  EXPECT_EQ(answer.decision, Decision::deny);
  EXPECT_EQ(*answer.rule, "http: the server answers with status 500");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(judge(*http, Action::publish, "x").decision, Decision::deny);
  EXPECT_EQ(server.requests(), 5) << "then it is left alone";
}

TEST_F(Http, KeepsTheContractOfBackends) {
  HttpServer server([](auto&, const std::string& body) {
    const auto json = nlohmann::json::parse(body);
    if (json["user"] != "alice") return with(200, R"({"result":"ignore"})");
    return with(json.value("password", "") == "pw" ? 204 : 403);
  });
  options_.http.url = server.url();
  test::hold_contract([&](Workers& workers, const Clock& clock) { return make_http(options_, workers, clock); });
}

}  // namespace
