// Against a PostgreSQL server of its own, on a Unix socket in a directory of its own.
#include "asking.hpp"
#include "contract_test.hpp"
#include "process.hpp"

#include "auth/password_hash.hpp"
#include "auth/scram_secret.hpp"

#include <gmock/gmock.h>
#include <postgresql/libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

namespace {

using namespace tombo;
using namespace tombo::auth;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kPrograms = "/usr/lib/postgresql/15/bin/";

/// A database cluster in a directory, and the server on it.
class Cluster {
 public:
  Cluster() {
    if (geteuid() == 0) {
      const passwd* postgres = getpwnam("postgres");
      if (postgres == nullptr || chown(directory_.path("").c_str(), postgres->pw_uid, postgres->pw_gid) != 0) return;
    }
    test::Process initdb({kPrograms + "initdb", "-D", directory_.path("data"), "-A", "trust", "-U", "tombo", "-E", "UTF8",
                          "--locale=C", "--no-sync"},
                         log(), "postgres");
    is_made_ = initdb.wait(120) == 0;
    EXPECT_TRUE(is_made_) << test::text_of_file(log());
  }
  bool start() {
    server_ = std::make_unique<test::Process>(
        std::vector<std::string>{kPrograms + "postgres", "-D", directory_.path("data"), "-k", directory_.path(""), "-h", "", "-F"},
        log(), "postgres");
    return is_made_ && test::eventually([&] { return run("select 1") == "1"; });
  }
  /// Fast: connections are cut.
  void stop() {
    server_->signal(SIGINT);
    EXPECT_EQ(server_->wait(), 0);
  }
  test::Process& server() { return *server_; }
  std::string log() const { return directory_.path("log"); }
  std::string conninfo() const { return "host=" + directory_.path("") + " user=tombo dbname=postgres"; }

  /// The last statement's first field.
  std::string run(const std::string& statements) const {
    PGconn* connection = PQconnectdb(conninfo().c_str());
    PGresult* result = PQexec(connection, statements.c_str());
    std::string field = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
    PQclear(result);
    PQfinish(connection);
    return field;
  }
  /// The server processes that serve the backend's connections.
  std::vector<pid_t> serving() const {
    std::vector<pid_t> found;
    PGconn* connection = PQconnectdb((conninfo() + " application_name=looker").c_str());
    PGresult* result = PQexec(connection, "select pid from pg_stat_activity where application_name = 'tombo'");
    for (int i = 0; i < PQntuples(result); ++i) found.push_back(std::stoi(PQgetvalue(result, i, 0)));
    PQclear(result);
    PQfinish(connection);
    return found;
  }

 private:
  test::Directory directory_;
  std::unique_ptr<test::Process> server_;
  bool is_made_ = false;
};

class Postgresql : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (test::is_executable(kPrograms + "postgres")) cluster_ = std::make_unique<Cluster>();
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  void SetUp() override {
    if (!cluster_) GTEST_SKIP() << kPrograms << "postgres is missing (Debian: postgresql-15)";
    ASSERT_TRUE(cluster_->start()) << test::text_of_file(cluster_->log());
    EXPECT_EQ(cluster_->run("set client_min_messages = error; drop table if exists users, acls, groups; create table users(name text, hash text);"
                            "create table acls(name text, filter text, access text);"
                            "create table groups(name varchar(80), grp text)"),
              "");
    add("alice", hash_of(PasswordHash::Kind::sha512, "pw"));
    options_.sql.database = "postgresql:" + cluster_->conninfo();
    options_.sql.password_query = "select hash from users where name = $1";
    options_.sql.cache_ttl_s = 0;
    options_.sql.timeout_ms = 30'000;
  }
  void TearDown() override {
    if (cluster_ && cluster_->server().is_running()) cluster_->stop();
  }

  void add(const std::string& user, const std::string& hash) {
    EXPECT_EQ(cluster_->run("insert into users values('" + user + "','" + hash + "')"), "");
  }
  static std::string hash_of(PasswordHash::Kind kind, std::string_view password) {
    return PasswordHash::make(kind, password)->text();
  }
  std::unique_ptr<Backend> backend() {
    auto made = make_sql(options_, workers_, clock_);
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error().front());
    return made ? std::move(*made) : nullptr;
  }

  static inline std::unique_ptr<Cluster> cluster_;
  config::Options options_;
  ManualClock clock_;
  Workers workers_{1, 100};
};

TEST_F(Postgresql, KnowsUsersGrantsAndGroups) {
  options_.sql.acl_query = "select filter, access from acls where name = $1 order by filter";
  options_.sql.groups_query = "select grp from groups where name = $1 order by grp";
  EXPECT_EQ(cluster_->run("insert into acls values('alice','a/%u/#','read'),('alice','b','deny')"), "");
  EXPECT_EQ(cluster_->run("insert into groups values('alice','g1'),('alice','g2')"), "");
  add("dave", format_scram_secret(derive_scram_secret(ScramHash::sha256, "pw", "0123456789abcdef", 4096)));
  const auto sql = backend();
  const auto alice = test::ask(*sql, test::login_of("alice", "pw")).principal;
  ASSERT_NE(alice, nullptr);
  EXPECT_THAT(alice->groups, ElementsAre("g1", "g2"));
  ASSERT_EQ(alice->grants.size(), 2U);
  EXPECT_EQ(alice->grants[0].filter, "a/%u/#");
  EXPECT_FALSE(alice->grants[1].allow);
  EXPECT_EQ(test::said(*sql, "dave", "pw"), "allow");
  EXPECT_EQ(test::said(*sql, "alice", "pw2"), "deny: wrong password");
  EXPECT_EQ(test::said(*sql, "mallory", "pw"), "unknown: unknown user");
  EXPECT_EQ(cluster_->serving().size(), 1U) << "one worker, one connection, used again";
}

TEST_F(Postgresql, ReadsTheSecretsThatPostgresqlMakes) {
  EXPECT_EQ(cluster_->run("set password_encryption = 'scram-sha-256'; create role carol password 'pg pw'"), "");
  options_.sql.password_query = "select rolpassword from pg_authid where rolname = $1";
  const auto sql = backend();
  EXPECT_EQ(test::said(*sql, "carol", "pg pw"), "allow");
  EXPECT_EQ(test::said(*sql, "carol", "pg"), "deny: wrong password");
  EXPECT_EQ(test::said(*sql, "tombo", ""), "deny: no hash is stored");
}

TEST_F(Postgresql, NameIsNeverPartOfTheStatement) {
  const auto sql = backend();
  for (const auto* name : {"' or '1'='1", "alice'--", "x' union select hash from users--", "%", "$1", "\\", "\\'; drop table users;"}) {
    EXPECT_EQ(test::said(*sql, name, "pw"), "unknown: unknown user") << name;
  }
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
}

TEST_F(Postgresql, ServerGoesDownAndComesBack) {
  const auto sql = backend();
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
  cluster_->stop();
  const Verdict down = test::ask(*sql, test::login_of("alice", "pw"));
  EXPECT_EQ(down.kind, Verdict::Kind::error);
  EXPECT_EQ(down.reason, mqtt::ReasonCode::server_unavailable);
  ASSERT_TRUE(cluster_->start());
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
  cluster_->stop();
  ASSERT_TRUE(cluster_->start());
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow") << "nobody asked while the server was away: the connection is stale";
}

TEST_F(Postgresql, ServerThatHangsIsAnErrorInTimeAndIsLeftAlone) {
  options_.sql.timeout_ms = 1'000;
  const auto sql = backend();
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
  const auto serving = cluster_->serving();
  ASSERT_EQ(serving.size(), 1U);
  test::halt(serving.front());
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "error: no answer in time");
  kill(serving.front(), SIGCONT);
  cluster_->server().halt();  // connections are taken by the kernel, and nobody says a word
  for (int i = 1; i < 5; ++i) EXPECT_EQ(test::said(*sql, "alice", "pw"), "error: no answer in time");
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "error: the database failed too often and is left alone");
  cluster_->server().signal(SIGCONT);
  clock_.advance(Seconds{2});
  EXPECT_TRUE(test::eventually([&] {
    clock_.advance(Seconds{2});
    return test::said(*sql, "alice", "pw") == "allow";
  }));
}

TEST_F(Postgresql, AnswersThatMakeNoSenseAreErrors) {
  for (const auto& [query, why] : {std::pair{"select hash from nobody where name = $1", "SQLSTATE 42P01"},
                                   {"select 1; select $1", "SQLSTATE 42601"},
                                   {"select 'x'", "SQLSTATE 08P01"},
                                   {"select pg_sleep(20)::text || $1", "no answer in time"},
                                   {"delete from users where name = $1", "SQLSTATE 25006"},
                                   {"select generate_series(1, 100000000)::text || $1", "the answer is too long"},
                                   {"select hash || $1 from users", "the stored hash is wrong"}}) {
    options_.sql.password_query = query;
    options_.sql.timeout_ms = std::string_view{why} == "no answer in time" ? 1'000 : 30'000;
    const std::string said = test::said(*backend(), "alice", "pw");
    EXPECT_THAT(said, HasSubstr(std::string("error: ") + why)) << query;
  }
  options_.sql.database = "postgresql:host=/nowhere dbname=x";
  EXPECT_THAT(test::said(*backend(), "alice", "pw"), HasSubstr("error: "));
}

TEST_F(Postgresql, KeepsTheContractOfBackends) {
  test::hold_contract([&](Workers& workers, const Clock& clock) { return make_sql(options_, workers, clock); });
}

}  // namespace
