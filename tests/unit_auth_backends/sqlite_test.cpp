#include "asking.hpp"
#include "contract_test.hpp"

#include "auth/password_hash.hpp"
#include "auth/scram_secret.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

namespace {

using namespace tombo;
using namespace tombo::auth;
using testing::ElementsAre;
using testing::HasSubstr;

class Sqlite : public testing::Test {
 protected:
  Sqlite() {
    options_.sql.database = "sqlite:" + directory_.path("users.db");
    options_.sql.password_query = "select hash from users where name = $1";
    run("create table users(name text, hash text); create table acls(name text, filter text, access text);"
        "create table groups(name text, grp text)");
    add("alice", hash_of(PasswordHash::Kind::sha512, "pw"));
  }

  void run(const std::string& statements, const std::string& file = "users.db") {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(directory_.path(file).c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  void add(const std::string& user, const std::string& hash) {
    run("insert into users values('" + user + "','" + hash + "')");
  }
  static std::string hash_of(PasswordHash::Kind kind, std::string_view password) {
    const auto made = PasswordHash::make(kind, password);
    EXPECT_TRUE(made.ok());
    return made->text();
  }
  std::unique_ptr<Backend> backend() {
    auto made = make_sql(options_, workers_, clock_);
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error().front());
    return made ? std::move(*made) : nullptr;
  }
  Problems problems() {
    const auto made = make_sql(options_, workers_, clock_);
    return made ? Problems{} : made.error();
  }

  test::Directory directory_;
  config::Options options_;
  ManualClock clock_;
  Workers workers_{2, 100};
};

TEST_F(Sqlite, KnowsAllFormsOfHashes) {
  add("bob", hash_of(PasswordHash::Kind::pbkdf2, "pw"));
  add("carol", hash_of(PasswordHash::Kind::argon2id, "pw"));
  add("dave", format_scram_secret(derive_scram_secret(ScramHash::sha256, "pw", "0123456789abcdef", 4096)));
  const auto sql = backend();
  for (const auto* user : {"alice", "bob", "carol", "dave"}) {
    EXPECT_EQ(test::said(*sql, user, "pw"), "allow") << user;
    EXPECT_EQ(test::said(*sql, user, "pw2"), "deny: wrong password") << user;
    EXPECT_EQ(test::said(*sql, user, ""), "deny: wrong password") << user;
    EXPECT_EQ(test::said(*sql, user, std::string("pw\0", 3)), "deny: wrong password") << user;
  }
  EXPECT_EQ(test::said(*sql, "mallory", "pw"), "unknown: unknown user");
  EXPECT_EQ(test::said(*sql, "", "pw"), "unknown: no user name");
  EXPECT_EQ(test::said(*sql, std::string("alice\0x", 7), "pw"), "deny: NUL in the user name");
  const auto login = test::login_of("alice", "");
  login->has_password = false;
  EXPECT_EQ(test::said(test::ask(*sql, login)), "deny: no password");
  const Verdict verdict = test::ask(*sql, test::login_of("alice", "pw"));
  EXPECT_EQ(verdict.principal->user_name, "alice");
  EXPECT_EQ(verdict.principal->backend, "sql");
  EXPECT_FALSE(verdict.principal->has_grants);
}

TEST_F(Sqlite, NameIsNeverPartOfTheStatement) {
  const auto sql = backend();
  for (const auto* name : {"' or '1'='1", "alice'--", "x' union select hash from users--", "%", "_lice", "$1", "\\", "Alice"}) {
    EXPECT_EQ(test::said(*sql, name, "pw"), "unknown: unknown user") << name;
  }
}

TEST_F(Sqlite, GrantsAndGroups) {
  options_.sql.acl_query = "select filter, access from acls where name = ?1";
  options_.sql.groups_query = "select grp from groups where name = ?";
  run("insert into acls values('alice','a/%u/#','read'),('alice','b','write'),('alice','c','readwrite'),('alice','d','deny');"
      "insert into groups values('alice','g1'),('alice',null),('alice','g2')");
  add("bob", hash_of(PasswordHash::Kind::sha512, "pw"));
  const auto sql = backend();
  const auto alice = test::ask(*sql, test::login_of("alice", "pw")).principal;
  ASSERT_NE(alice, nullptr);
  EXPECT_THAT(alice->groups, ElementsAre("g1", "g2"));
  std::string grants;
  for (const Grant& grant : alice->grants) {
    grants += grant.filter + (grant.allow ? "+" : "-") + (grant.publish ? "p" : "") + (grant.subscribe ? "s" : "") + " ";
  }
  EXPECT_EQ(grants, "a/%u/#+s b+p c+ps d-ps ");
  const auto bob = test::ask(*sql, test::login_of("bob", "pw")).principal;
  EXPECT_TRUE(bob->has_grants) << "none is not the same as not asked";
  EXPECT_TRUE(bob->grants.empty());
}

TEST_F(Sqlite, RowsThatMakeNoSenseRefuse) {
  options_.sql.acl_query = "select filter, access from acls where name = $1";
  for (const auto* row : {"'a/#/b','read'", "'a','execute'", "null,'read'", "'a',null", "'','read'", "'a','READ'"}) {
    run(std::string("delete from acls; insert into acls values('alice',") + row + ")");
    EXPECT_THAT(test::said(*backend(), "alice", "pw"), HasSubstr("error: row 1 of acl_query")) << row;
  }
  options_.sql.acl_query.clear();
  add("alice", "$6$x$y");
  EXPECT_EQ(test::said(*backend(), "alice", "pw"), "error: password_query yields more than one hash");
  for (const auto* hash : {"plain", "$6$x$y", "$1$x$y", "SCRAM-SHA-256$1:x$y:z", "{SSHA}x"}) {
    run("delete from users");
    add("alice", hash);
    EXPECT_THAT(test::said(*backend(), "alice", "plain"), HasSubstr("error: the stored")) << hash;
  }
  run("delete from users; insert into users values('alice', null),('bob','')");
  EXPECT_EQ(test::said(*backend(), "alice", ""), "deny: no hash is stored");
  EXPECT_EQ(test::said(*backend(), "bob", ""), "deny: no hash is stored");
}

TEST_F(Sqlite, SuccessIsRememberedAndFailureIsNot) {
  const auto sql = backend();
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
  EXPECT_EQ(test::said(*sql, "bob", "pw"), "unknown: unknown user");
  run("delete from users");
  add("bob", hash_of(PasswordHash::Kind::sha512, "pw"));
  EXPECT_EQ(test::said(*sql, "bob", "pw"), "allow");
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
  EXPECT_EQ(test::said(*sql, "alice", "pw2"), "unknown: unknown user");
  clock_.advance(Seconds{60});
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "unknown: unknown user");
}

TEST_F(Sqlite, FileThatIsReplacedIsReadAnew) {
  options_.sql.cache_ttl_s = 0;
  const auto sql = backend();
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
  run("create table users(name text, hash text)", "new.db");
  std::filesystem::rename(directory_.path("new.db"), directory_.path("users.db"));
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "unknown: unknown user");
  std::filesystem::remove(directory_.path("users.db"));
  EXPECT_THAT(test::said(*sql, "alice", "pw"), HasSubstr("error: "));
  directory_.write("users.db", "this is no database, but it is as long as one would be");
  EXPECT_THAT(test::said(*sql, "alice", "pw"), HasSubstr("error: "));
}

TEST_F(Sqlite, DatabaseThatIsLockedIsAnErrorInTimeAndComesBack) {
  options_.sql.timeout_ms = 1'000;
  const auto sql = backend();
  sqlite3* writer = nullptr;
  ASSERT_EQ(sqlite3_open(directory_.path("users.db").c_str(), &writer), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(writer, "begin exclusive", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "error: no answer in time");
  sqlite3_exec(writer, "commit", nullptr, nullptr, nullptr);
  sqlite3_close(writer);
  EXPECT_EQ(test::said(*sql, "alice", "pw"), "allow");
}

TEST_F(Sqlite, QueryThatNeverEndsIsAnErrorInTime) {
  options_.sql.timeout_ms = 200;
  options_.sql.password_query =
      "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n where $1 is not null";
  EXPECT_EQ(test::said(*backend(), "alice", "pw"), "error: no answer in time");
  options_.sql.timeout_ms = 10'000;
  options_.sql.password_query =
      "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n where $1 is not null";
  EXPECT_EQ(test::said(*backend(), "alice", "pw"), "error: the answer is too long");
}

TEST_F(Sqlite, OptionsThatCannotBeRightAreErrors) {
  options_.sql.password_query = "select hash from user where name = $1";
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("no such table: user")));
  for (const auto* query : {"delete from users where name = $1", "select hash from users where name = $2",
                            "select hash from users where name = :name", "select 1; select 2", "select ?1, ?2", "--", " "}) {
    options_.sql.password_query = query;
    EXPECT_EQ(problems().size(), 1U) << query;
  }
  options_.sql.password_query.clear();
  EXPECT_THAT(problems(), ElementsAre("backend sql needs 'password_query' in [sql]"));
  options_.sql.password_query = "select hash from users where name = $1";
  for (const auto* database : {"", "sqlite:", "sqlite::memory:", "mysql:x", "sqlite:/does/not/exist", "sqlite:file:x?mode=rwc",
                               "postgresql:no-such-option=1"}) {
    options_.sql.database = database;
    EXPECT_EQ(problems().size(), 1U) << database;
  }
  EXPECT_FALSE(std::filesystem::exists(directory_.path("none.db")));
  options_.sql.database = "sqlite:" + directory_.path("none.db");
  EXPECT_EQ(problems().size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(directory_.path("none.db"))) << "is not made";
}

TEST_F(Sqlite, KeepsTheContractOfBackends) {
  test::hold_contract([&](Workers& workers, const Clock& clock) { return make_sql(options_, workers, clock); });
}

}  // namespace
