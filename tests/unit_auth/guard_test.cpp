#include "auth/guard.hpp"
#include "auth/password_hash.hpp"
#include "login_of.hpp"
#include "temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace tombo::auth {
namespace {

using mqtt::ReasonCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::shared_ptr<const Principal> principal_of(std::string_view user, std::string_view backend) {
  auto principal = std::make_shared<Principal>();
  principal->user_name = user;
  principal->backend = backend;
  return principal;
}

/// A backend that says what the password orders: "NAME:allow", "NAME:later:deny", ...; unknown without an order to it.
class Obedient final : public Backend {
 public:
  explicit Obedient(std::string name) : name_(std::move(name)) {}
  ~Obedient() override {
    for (auto& thread : threads_) thread.join();
  }
  std::string_view name() const override { return name_; }

  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override {
    asked.fetch_add(1);
    std::string order = order_in(login->password);
    if (order == "drop") return;
    if (order == "twice") {
      done(verdict("allow"));
      return done(verdict("deny"));
    }
    if (!order.starts_with("later:")) return done(verdict(order));
    const std::lock_guard lock{mutex_};
    threads_.emplace_back([done, order = order.substr(6), this] {
      if (order == "drop") return;
      if (order == "twice") done(verdict("allow"));
      done(verdict(order == "twice" ? "deny" : order));
    });
  }

  std::unique_ptr<Exchange> begin(std::string_view method, std::shared_ptr<const Login>) override {
    struct Says final : Exchange {
      ExchangeAnswer step(std::string_view data, std::function<void(ExchangeAnswer)> later) override {
        if (data == "hello") return {ExchangeAnswer::Step::go_on, "who?", {}, nullptr, {}};
        if (data == "nobody") return {ExchangeAnswer::Step::allow, {}, {}, nullptr, {}};
        if (data == "drop") return {ExchangeAnswer::Step::pending, {}, {}, nullptr, {}};
        ExchangeAnswer answer{ExchangeAnswer::Step::allow, "welcome", {}, principal_of(data, "obedient"), {}};
        if (data != "late") return answer;
        std::thread([later, answer] { later(answer); }).join();
        return {ExchangeAnswer::Step::pending, {}, {}, nullptr, {}};
      }
    };
    return method == name_ ? std::make_unique<Says>() : nullptr;
  }

  std::atomic<int> asked{0};

 private:
  std::string order_in(std::string_view password) const {
    const std::size_t at = password.find(name_ + ":");
    if (at == std::string_view::npos) return "unknown";
    const std::string_view order = password.substr(at + name_.size() + 1);
    return std::string{order.substr(0, order.find(' '))};
  }
  Verdict verdict(std::string_view order) const {
    if (order == "allow") return {Verdict::Kind::allow, principal_of("known", name_), {}, {}};
    if (order == "allow-nobody") return {Verdict::Kind::allow, nullptr, {}, {}};
    if (order == "deny") return {Verdict::Kind::deny, nullptr, ReasonCode::bad_user_name_or_password, "wrong password"};
    if (order == "busy") return {Verdict::Kind::error, nullptr, ReasonCode::server_busy, "full"};
    if (order == "error") return {Verdict::Kind::error, nullptr, ReasonCode::bad_user_name_or_password, "no connection"};
    return {};
  }

  std::string name_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

class GuardTest : public ::testing::Test {
 protected:
  GuardTest() {
    options.listeners.resize(1);
    guests.backends = {a, b};
  }
  void open() {
    auto opened = Guard::open(options, clock, {}, guests);
    ASSERT_TRUE(opened.ok()) << ::testing::PrintToString(opened.error());
    guard = std::move(*opened);
  }
  void open_with(std::vector<std::string> backends) {
    options.auth.backends = std::move(backends);
    open();
  }

  struct Box {
    std::mutex mutex;
    std::condition_variable wake;
    std::vector<LoginAnswer> answers;
  };
  LoginAnswer login(const Login& login) {
    const auto box = std::make_shared<Box>();
    auto answer = guard->login(login, [box](LoginAnswer late) {
      const std::lock_guard lock{box->mutex};
      box->answers.push_back(std::move(late));
      box->wake.notify_all();
    });
    if (answer.decision != Decision::pending) {
      EXPECT_THAT(box->answers, IsEmpty());
      return answer;
    }
    std::unique_lock lock{box->mutex};
    EXPECT_TRUE(box->wake.wait_for(lock, std::chrono::seconds{10}, [&] { return !box->answers.empty(); }));
    EXPECT_EQ(box->answers.size(), 1U);
    return box->answers.empty() ? LoginAnswer{} : box->answers.front();
  }
  LoginAnswer login_with(std::string_view orders) { return login(LoginOf{}.user("me").password(orders)); }

  ManualClock clock;
  config::Options options;
  std::shared_ptr<Obedient> a = std::make_shared<Obedient>("a");
  std::shared_ptr<Obedient> b = std::make_shared<Obedient>("b");
  Guests guests;
  std::unique_ptr<Guard> guard;
};

struct Case {
  std::string orders;
  Decision decision;
  ReasonCode reason;
  std::string backend;  // that vouches
  int b_asked;
};
class Chain : public GuardTest, public ::testing::WithParamInterface<Case> {};

TEST_P(Chain, AsksInOrderUntilOneKnows) {
  options.allow_anonymous = true;
  open_with({"a", "b"});
  const auto answer = login_with(GetParam().orders);
  EXPECT_TRUE(answer.decision == GetParam().decision) << answer.why;
  EXPECT_EQ(b->asked, GetParam().b_asked);
  if (answer.decision == Decision::allow) {
    ASSERT_NE(answer.principal, nullptr);
    EXPECT_EQ(answer.principal->backend, GetParam().backend);
  } else {
    EXPECT_EQ(static_cast<int>(answer.reason), static_cast<int>(GetParam().reason));
    EXPECT_EQ(answer.principal, nullptr);
    EXPECT_FALSE(answer.why.empty());
  }
}

constexpr auto kAllow = Decision::allow;
constexpr auto kDeny = Decision::deny;
INSTANTIATE_TEST_SUITE_P(Guard, Chain, ::testing::ValuesIn(std::vector<Case>{
    {"a:allow", kAllow, {}, "a", 0},
    {"a:later:allow", kAllow, {}, "a", 0},
    {"b:allow", kAllow, {}, "b", 1},
    {"b:later:allow", kAllow, {}, "b", 1},
    {"a:later:unknown b:allow", kAllow, {}, "b", 1},
    {"a:later:unknown b:later:allow", kAllow, {}, "b", 1},
    {"a:deny b:allow", kDeny, ReasonCode::bad_user_name_or_password, "", 0},
    {"a:later:deny b:allow", kDeny, ReasonCode::bad_user_name_or_password, "", 0},
    {"a:error b:allow", kDeny, ReasonCode::server_unavailable, "", 0},
    {"a:later:error b:allow", kDeny, ReasonCode::server_unavailable, "", 0},
    {"a:busy b:allow", kDeny, ReasonCode::server_busy, "", 0},
    {"a:drop b:allow", kDeny, ReasonCode::server_unavailable, "", 0},
    {"a:later:drop b:allow", kDeny, ReasonCode::server_unavailable, "", 0},
    {"a:allow-nobody", kDeny, ReasonCode::server_unavailable, "", 0},
    {"a:twice", kAllow, {}, "a", 0},
    {"a:later:twice", kAllow, {}, "a", 0},
    {"nothing", kDeny, ReasonCode::bad_user_name_or_password, "", 1},
    {"a:later:unknown", kDeny, ReasonCode::bad_user_name_or_password, "", 1}}));

TEST_F(GuardTest, SaysWhichBackendRefused) {
  open_with({"a"});
  EXPECT_EQ(login_with("a:deny").why, "a: wrong password");
}

TEST_F(GuardTest, LetsAnonymousInOnlyWithoutAUserName) {
  options.allow_anonymous = true;
  open_with({"a"});
  const auto anonymous = login(LoginOf{});
  EXPECT_TRUE(anonymous.decision == kAllow);
  EXPECT_EQ(anonymous.principal, nobody());
  EXPECT_EQ(login(LoginOf{}.user("me")).reason, ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(login(LoginOf{}.user("")).reason, ReasonCode::bad_user_name_or_password);
  // A password without a user name that a backend refuses stays refused.
  EXPECT_TRUE(login(LoginOf{}.password("a:deny")).decision == kDeny);
}

TEST_F(GuardTest, RefusesAnonymousUnlessAllowed) {
  open_with({"a"});
  EXPECT_EQ(login(LoginOf{}).reason, ReasonCode::not_authorized);
  options.listeners[0].anonymous = config::Anonymous::allow;
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_TRUE(login(LoginOf{}).decision == kAllow);
  options.allow_anonymous = true;
  options.listeners[0].anonymous = config::Anonymous::refuse;
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_TRUE(login(LoginOf{}).decision == kDeny);
}

TEST_F(GuardTest, WithoutBackendsEverybodyComesInUnderTheNameTheyClaim) {
  options.allow_anonymous = true;
  open();
  const auto answer = login(LoginOf{}.user("me").password("x"));
  ASSERT_TRUE(answer.decision == kAllow);
  EXPECT_EQ(answer.principal->user_name, "me");
  EXPECT_EQ(answer.principal->backend, "");
  EXPECT_FALSE(guard->restricts_access());
  options.listeners.resize(2);
  options.listeners[1].user_name_from = config::UserNameFrom::certificate_cn;
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_EQ(login(LoginOf{}.user("me").at(0)).principal, nobody()) << "no name is good where others are vouched for";
  options.allow_anonymous = false;
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_EQ(login(LoginOf{}.user("me")).reason, ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(login(LoginOf{}).reason, ReasonCode::not_authorized);
}

TEST_F(GuardTest, AListenersOwnBackendsTakeThePlaceOfTheBrokers) {
  options.listeners.resize(2);
  options.listeners[1].authentication = {"b"};
  open_with({"a"});
  EXPECT_TRUE(login(LoginOf{}.user("me").password("a:allow").at(0)).decision == kAllow);
  EXPECT_TRUE(login(LoginOf{}.user("me").password("a:allow").at(1)).decision == kDeny);
  EXPECT_TRUE(login(LoginOf{}.user("me").password("b:allow").at(1)).decision == kAllow);
  EXPECT_TRUE(login(LoginOf{}.user("me").password("a:allow").at(2)).decision == kDeny) << "there is no such listener";
}

Peer with_certificate() {
  Peer peer;
  peer.user_name = "sensor-7";
  peer.certificate_cn = "sensor-7";
  peer.certificate_subject = "CN=sensor-7,O=Example";
  peer.certificate_names = {"sensor-7.example.org", "urn:sensor:7"};
  return peer;
}

TEST_F(GuardTest, WhomTheTransportProvedComesInWithoutAPassword) {
  options.listeners[0].user_name_from = config::UserNameFrom::certificate_cn;
  options.allow_anonymous = true;
  open_with({"a"});
  const auto answer = login(LoginOf{}.user("root").password("a:allow").from(with_certificate()));
  ASSERT_TRUE(answer.decision == kAllow);
  EXPECT_EQ(answer.principal->user_name, "sensor-7");
  EXPECT_EQ(answer.principal->backend, "certificate");
  EXPECT_THAT(answer.principal->attributes,
              UnorderedElementsAre(Pair("cn", "sensor-7"), Pair("subject", "CN=sensor-7,O=Example"),
                                   Pair("san", "sensor-7.example.org"), Pair("san", "urn:sensor:7")));
  EXPECT_EQ(a->asked, 0);
}

TEST_F(GuardTest, WhereTheTransportMustProveNobodyElseComesIn) {
  options.allow_anonymous = true;
  for (const auto from :
       {config::UserNameFrom::certificate_cn, config::UserNameFrom::psk_identity, config::UserNameFrom::unix_user}) {
    options.listeners[0].user_name_from = from;
    open_with({"a"});
    EXPECT_EQ(login(LoginOf{}).reason, ReasonCode::not_authorized);
    EXPECT_TRUE(login(LoginOf{}.user("me").password("a:allow")).decision == kDeny);
  }
}

TEST_F(GuardTest, NamesWhatProved) {
  Peer peer;
  peer.user_name = "gateway";
  peer.psk_identity = "gateway";
  options.listeners[0].user_name_from = config::UserNameFrom::psk_identity;
  open();
  auto answer = login(LoginOf{}.from(peer));
  EXPECT_EQ(answer.principal->backend, "psk");
  EXPECT_THAT(answer.principal->attributes, ElementsAre(Pair("psk_identity", "gateway")));
  options.listeners[0].user_name_from = config::UserNameFrom::unix_user;
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_EQ(login(LoginOf{}.from(peer)).principal->backend, "unix");
}

TEST_F(GuardTest, WithUserNamesFromConnectACertificateIsNoLoginButItsNamesAreKnown) {
  open_with({"a"});
  EXPECT_TRUE(login(LoginOf{}.user("me").from(with_certificate())).decision == kDeny);
  const auto answer = login(LoginOf{}.user("me").password("a:allow").from(with_certificate()));
  ASSERT_TRUE(answer.decision == kAllow);
  EXPECT_EQ(answer.principal->user_name, "known");
  EXPECT_THAT(answer.principal->attributes, Contains(Pair("cn", "sensor-7")));
}

TEST_F(GuardTest, ReloadKeepsTheOldStateWhenAnythingIsWrong) {
  const TemporaryDirectory directory;
  options.passwords.file = directory.write("pw", "me:" + PasswordHash::make(PasswordHash::Kind::sha512, "secret")->text() + "\n");
  open_with({"passwords", "a"});
  EXPECT_THAT(Guard::files(options), Contains(options.passwords.file));
  const auto policy = guard->policy();
  EXPECT_TRUE(login_with("secret").decision == kAllow);
  directory.write("pw", "me:\nyou\n");
  auto wrong = options;
  wrong.auth.backends = {"passwords", "nonsense"};
  const auto reloaded = guard->reload(wrong);
  ASSERT_FALSE(reloaded.ok());
  EXPECT_THAT(reloaded.error(), ElementsAre(HasSubstr("/pw:1: "), HasSubstr("/pw:2: "), HasSubstr("\"nonsense\"")));
  EXPECT_EQ(guard->policy(), policy);
  EXPECT_TRUE(login_with("secret").decision == kAllow);
  EXPECT_EQ(login_with("wrong").why, "passwords: wrong password");
  directory.write("pw", "me:" + PasswordHash::make(PasswordHash::Kind::sha512, "new")->text() + "\n");
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_GT(guard->policy(), policy);
  EXPECT_TRUE(login_with("secret").decision == kDeny);
  EXPECT_TRUE(login_with("new").decision == kAllow);
}

TEST_F(GuardTest, DoesNotOpenWithoutWhatTheOptionsName) {
  options.auth.backends = {"passwords"};
  options.passwords.file = "/no/such/file";
  EXPECT_FALSE(Guard::open(options, clock, {}).ok());
  options.passwords.file = "";
  EXPECT_FALSE(Guard::open(options, clock, {}).ok());
}

TEST_F(GuardTest, EnhancedAuthenticationGoesToTheFirstThatKnowsTheMethod) {
  open_with({"a", "b"});
  EXPECT_EQ(guard->begin_exchange("X", LoginOf{}), nullptr);
  auto exchange = guard->begin_exchange("b", LoginOf{});
  ASSERT_NE(exchange, nullptr);
  const auto none = [](const ExchangeAnswer&) { ADD_FAILURE() << "answered at once already"; };
  EXPECT_EQ(exchange->step("hello", none).data, "who?");
  const auto allowed = exchange->step("me", none);
  EXPECT_TRUE(allowed.step == ExchangeAnswer::Step::allow);
  EXPECT_EQ(allowed.principal->user_name, "me");
  EXPECT_TRUE(exchange->step("nobody", none).step == ExchangeAnswer::Step::deny);
  EXPECT_TRUE(exchange->step("drop", none).step == ExchangeAnswer::Step::deny);
  EXPECT_TRUE(exchange->step("late", none).step == ExchangeAnswer::Step::allow);
}

TEST_F(GuardTest, EnhancedAuthenticationCannotChangeWhomTheTransportProved) {
  options.listeners[0].user_name_from = config::UserNameFrom::certificate_cn;
  open_with({"a"});
  const auto none = [](const ExchangeAnswer&) {};
  EXPECT_TRUE(guard->begin_exchange("a", LoginOf{})->step("me", none).step == ExchangeAnswer::Step::deny);
  const Login proved = LoginOf{}.from(with_certificate());
  EXPECT_TRUE(guard->begin_exchange("a", proved)->step("me", none).step == ExchangeAnswer::Step::deny);
  EXPECT_TRUE(guard->begin_exchange("a", proved)->step("sensor-7", none).step == ExchangeAnswer::Step::allow);
}

/// A referee that the topic tells what to say.
class TopicReferee final : public Referee {
 public:
  AccessAnswer judge(const Access& access, std::function<void(AccessAnswer)> later) override {
    ++asked;
    const std::string topic{access.topic};
    const AccessAnswer answer{topic.ends_with("no") ? kDeny : kAllow, ReasonCode::not_authorized, nullptr};
    if (!topic.starts_with("later")) return answer;
    if (topic.ends_with("drop")) return {Decision::pending, {}, {}};
    std::thread([later, answer] { later(answer); }).detach();
    return {Decision::pending, {}, {}};
  }
  std::atomic<int> asked{0};
};

class AccessTest : public GuardTest {
 protected:
  AccessAnswer judge(Action action, std::string_view topic) {
    std::mutex mutex;
    std::condition_variable wake;
    std::optional<AccessAnswer> came;
    auto answer = guard->access({action, "c", who, 0, topic, {}, false}, [&](AccessAnswer late) {
      const std::lock_guard lock{mutex};
      came = std::move(late);
      wake.notify_all();
    });
    if (answer.decision != Decision::pending) return answer;
    std::unique_lock lock{mutex};
    EXPECT_TRUE(wake.wait_for(lock, std::chrono::seconds{10}, [&] { return came.has_value(); }));
    return came.value_or(AccessAnswer{kDeny, {}, {}});
  }
  std::shared_ptr<const Principal> who = principal_of("me", "a");
};

TEST_F(AccessTest, WithoutAnAclOnlyOurOwnTopicsAreClosed) {
  open();
  EXPECT_TRUE(judge(Action::publish, "t").decision == kAllow);
  EXPECT_TRUE(judge(Action::subscribe, "$SYS/#").decision == kAllow);
  EXPECT_TRUE(judge(Action::receive, "$SYS/broker/uptime").decision == kAllow);
  for (const auto* topic : {"$SYS", "$SYS/x", "$CONTROL/y", "$CONTROL"}) {
    EXPECT_TRUE(judge(Action::publish, topic).decision == kDeny) << topic;
  }
  EXPECT_TRUE(judge(Action::publish, "$SYSTEM/x").decision == kAllow);
}

TEST_F(AccessTest, AnAclThatCannotBeJudgedDoesNotOpen) {
  options.acl.file = "/etc/acl";
  EXPECT_FALSE(Guard::open(options, clock, {}).ok());
}

TEST_F(AccessTest, EveryRefereeMustAllow) {
  auto first = std::make_shared<TopicReferee>();
  auto second = std::make_shared<TopicReferee>();
  guests.referees = {first, second};
  open();
  EXPECT_TRUE(guard->restricts_access());
  EXPECT_TRUE(judge(Action::publish, "yes").decision == kAllow);
  EXPECT_TRUE(judge(Action::publish, "later/yes").decision == kAllow);
  EXPECT_EQ(second->asked, 2);
  EXPECT_TRUE(judge(Action::publish, "no").decision == kDeny);
  EXPECT_TRUE(judge(Action::publish, "later/no").decision == kDeny);
  EXPECT_TRUE(judge(Action::subscribe, "later/drop").decision == kDeny);
  EXPECT_EQ(second->asked, 2);
  EXPECT_TRUE(judge(Action::receive, "no").decision == kAllow) << "deliveries are for the policy alone";
  EXPECT_EQ(first->asked, 5);
  EXPECT_TRUE(judge(Action::publish, "$SYS/yes").decision == kDeny);
  EXPECT_EQ(first->asked, 5) << "what the policy denies is not asked further";
}

/// Keeps what it is asked, to be answered when the test wants.
class Slow final : public Backend {
 public:
  std::string_view name() const override { return "slow"; }
  void ask(std::shared_ptr<const Login>, std::function<void(Verdict)> done) override { waiting.push_back(std::move(done)); }
  std::deque<std::function<void(Verdict)>> waiting;
};

TEST_F(GuardTest, CallsNobodyBackOnceItIsClosed) {
  auto slow = std::make_shared<Slow>();
  guests.backends = {slow};
  open_with({"slow"});
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(guard->login(LoginOf{}, [&](const LoginAnswer&) { ++calls; }).decision == Decision::pending);
  }
  slow->waiting.front()({Verdict::Kind::deny, nullptr, {}, {}});
  EXPECT_EQ(calls, 1);
  guard->close();
  slow->waiting[1]({Verdict::Kind::allow, principal_of("x", "slow"), {}, {}});
  slow->waiting.clear();
  EXPECT_EQ(calls, 1);
  guard.reset();
}

TEST_F(GuardTest, ALoginOnItsWayEndsAsItBegan) {
  auto slow = std::make_shared<Slow>();
  guests.backends = {slow};
  open_with({"slow"});
  std::vector<LoginAnswer> answers;
  EXPECT_TRUE(guard->login(LoginOf{}, [&](const LoginAnswer& late) { answers.push_back(late); }).decision == Decision::pending);
  options.auth.backends = {};
  ASSERT_TRUE(guard->reload(options).ok());
  slow->waiting.front()({Verdict::Kind::allow, principal_of("x", "slow"), {}, {}});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers.front().decision == kAllow);
}

// For ThreadSanitizer: logins and accesses on four threads while the main thread reloads.
TEST_F(GuardTest, ReloadsUnderTraffic) {
  const TemporaryDirectory directory;
  options.passwords.file = directory.write("pw", "me:" + PasswordHash::make(PasswordHash::Kind::sha512, "secret")->text() + "\n");
  open_with({"passwords"});
  std::atomic<bool> stop{false};
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto who = principal_of("me", "passwords");
      while (!stop) {
        EXPECT_TRUE(login(LoginOf{}.user("me").password("secret")).decision == kAllow);
        EXPECT_TRUE(guard->access({Action::publish, "c", who, 0, "t", {}, false}, [](const AccessAnswer&) {}).decision == kAllow);
        allowed.fetch_add(1);
      }
    });
  }
  for (int i = 0; i < 50 || allowed < 100; ++i) ASSERT_TRUE(guard->reload(options).ok());
  stop = true;
  for (auto& thread : threads) thread.join();
}

TEST(Backends, AreFoundByName) {
  EXPECT_EQ(find_backend("passwords")->name, "passwords");
  EXPECT_EQ(find_backend("Passwords"), nullptr);
  EXPECT_EQ(find_backend(""), nullptr);
}

}  // namespace
}  // namespace tombo::auth
