// Against a slapd of its own, on a loopback port, with its configuration and its database in a directory of its own.
#include "asking.hpp"
#include "contract_test.hpp"
#include "process.hpp"

#include "auth/ldap/escape.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

namespace {

using namespace tombo;
using namespace tombo::auth;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr const char* kSlapd = "/usr/sbin/slapd";

constexpr const char* kPeople = R"(dn: dc=example
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: ou=people,dc=example
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=example
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: A
departmentNumber: sensors
departmentNumber: alarms
userPassword: pw

dn: uid=bob,ou=people,dc=example
objectClass: inetOrgPerson
uid: bob
uid: bob*
uid: a+b,c
cn: Alice
sn: B
userPassword: pw

dn: uid=nobody,ou=people,dc=example
objectClass: inetOrgPerson
uid: nobody
cn: Without password
sn: N

dn: cn=searcher,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: searcher
userPassword: secret
)";

class Directory {
 public:
  Directory() : port_(test::free_port()), tls_port_(test::free_port()) {
    test::make_certificate(files_.path("server"));
    test::make_certificate(files_.path("other"));
    std::filesystem::create_directory(files_.path("db"));
    files_.write("slapd.conf", fmt::format(R"(include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {0}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
allow bind_anon_dn
TLSCertificateFile {0}/server.pem
TLSCertificateKeyFile {0}/server.key
database mdb
maxsize 10485760
suffix dc=example
directory {0}/db
rootdn cn=root,dc=example
rootpw root
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=people,dc=example" by dn.exact="cn=searcher,dc=example" read by self read by * none
access to * by * read
)",
                                           files_.path(".")));
    files_.write("people.ldif", kPeople);
    test::Process slapadd({"/usr/sbin/slapadd", "-f", files_.path("slapd.conf"), "-l", files_.path("people.ldif")}, log());
    is_made_ = slapadd.wait() == 0;
  }
  bool start() {
    server_ = std::make_unique<test::Process>(
        std::vector<std::string>{kSlapd, "-d", "0", "-f", files_.path("slapd.conf"), "-h",
                                 fmt::format("ldap://127.0.0.1:{}/ ldaps://127.0.0.1:{}/", port_, tls_port_)},
        log());
    return is_made_ && test::eventually([&] {
             test::Process who({"/usr/bin/ldapwhoami", "-x", "-H", url()}, files_.path("whoami.log"));
             return !test::is_executable("/usr/bin/ldapwhoami") || who.wait() == 0;
           });
  }
  void stop() {
    server_->signal(SIGTERM);
    EXPECT_EQ(server_->wait(), 0);
  }
  test::Process& server() { return *server_; }
  std::string url() const { return fmt::format("ldap://127.0.0.1:{}", port_); }
  std::string tls_url() const { return fmt::format("ldaps://127.0.0.1:{}", tls_port_); }
  std::string log() const { return files_.path("log"); }
  const test::Directory& files() const { return files_; }

 private:
  test::Directory files_;
  std::uint16_t port_, tls_port_;
  bool is_made_ = false;
  std::unique_ptr<test::Process> server_;
};

class Ldap : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (test::is_executable(kSlapd)) directory_ = std::make_unique<Directory>();
  }
  static void TearDownTestSuite() { directory_.reset(); }
  void SetUp() override {
    if (!directory_) GTEST_SKIP() << kSlapd << " is missing (Debian: slapd)";
    ASSERT_TRUE(directory_->start()) << test::text_of_file(directory_->log());
    options_.ldap.url = directory_->url();
    options_.ldap.base = "dc=example";
    options_.ldap.bind_dn = "cn=searcher,dc=example";
    options_.ldap.bind_password_file = directory_->files().write("secret", "secret\n");
    options_.ldap.cache_ttl_s = 0;
  }
  void TearDown() override {
    if (directory_ && directory_->server().is_running()) directory_->stop();
  }
  void bind_directly() {
    options_.ldap.user_dn = "uid=%u,ou=people,dc=example";
    options_.ldap.bind_dn.clear();
  }
  std::unique_ptr<Backend> backend() {
    auto made = make_ldap(options_, workers_, clock_);
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error().front());
    return made ? std::move(*made) : nullptr;
  }
  std::string said(std::string user, std::string password) { return test::said(*backend(), std::move(user), std::move(password)); }
  Problems problems() {
    const auto made = make_ldap(options_, workers_, clock_);
    return made ? Problems{} : made.error();
  }

  static inline std::unique_ptr<Directory> directory_;
  config::Options options_;
  ManualClock clock_;
  Workers workers_{1, 100};
};

TEST(LdapForms, ValuesAreLiteral) {
  EXPECT_EQ(escape_for_filter("a*(b)\\c"), "a\\2a\\28b\\29\\5cc");
  EXPECT_EQ(escape_for_filter("x)(uid=*"), "x\\29\\28uid\\3d\\2a");
  EXPECT_EQ(escape_for_filter("\xc3\xa4"), "\xc3\xa4");
  EXPECT_EQ(escape_for_filter(std::string_view("a\0b\n", 4)), "a\\00b\\0a");
  EXPECT_EQ(escape_for_dn(" a,b+c=\"d\"#;<e>\\"), "\\20a\\2cb\\2bc\\3d\\22d\\22\\23\\3b\\3ce\\3e\\5c");
  EXPECT_EQ(fill_in("%u-%%u-%x-%", "a%u"), "a%u-%u-%x-%");
}

TEST(LdapForms, AttributesThatNameAUser) {
  const auto names = [](std::string_view form) {
    std::string text;
    for (const NamedBy& name : named_by(form)) text += name.attribute + "=" + name.value_form + ";";
    return text;
  };
  EXPECT_EQ(names("(uid=%u)"), "uid=%u;");
  EXPECT_EQ(names("(&(objectClass=person)(|(uid=%u)(mail=%u@example.com)))"), "uid=%u;mail=%u@example.com;");
  EXPECT_EQ(names("uid=%u,ou=people,dc=example"), "uid=%u;");
  EXPECT_EQ(names("ou=people,cn=x%u+uid=1"), "cn=x%u;");
  EXPECT_EQ(names("(uid~=%u)"), "uid=%u;");
  EXPECT_EQ(names("(uid=%%u)"), "");
  EXPECT_EQ(names("=%u"), "");
  EXPECT_EQ(names("%u@example.com"), "");
}

TEST_F(Ldap, SearchesAndBinds) {
  options_.ldap.group_attribute = "departmentNumber";
  const auto ldap = backend();
  const auto alice = test::ask(*ldap, test::login_of("alice", "pw")).principal;
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(alice->user_name, "alice");
  EXPECT_EQ(alice->backend, "ldap");
  EXPECT_THAT(alice->groups, UnorderedElementsAre("sensors", "alarms"));
  EXPECT_EQ(test::said(*ldap, "alice", "pw2"), "deny: wrong password");
  EXPECT_EQ(test::said(*ldap, "mallory", "pw"), "unknown: unknown user");
  EXPECT_EQ(test::said(*ldap, "", "pw"), "unknown: no user name");
  EXPECT_EQ(test::said(*ldap, "nobody", "pw"), "deny: wrong password");
  EXPECT_EQ(test::said(*ldap, std::string("alice\0x", 7), "pw"), "deny: NUL in the user name");
  EXPECT_EQ(test::said(*ldap, "alice", std::string("pw\0", 3)), "deny: wrong password");
  EXPECT_EQ(test::said(*ldap, "bob", "pw"), "allow");
}

TEST_F(Ldap, BindsDirectly) {
  bind_directly();
  options_.ldap.group_attribute = "departmentNumber";
  const auto ldap = backend();
  const auto alice = test::ask(*ldap, test::login_of("alice", "pw")).principal;
  ASSERT_NE(alice, nullptr);
  EXPECT_THAT(alice->groups, UnorderedElementsAre("sensors", "alarms"));
  EXPECT_EQ(test::said(*ldap, "alice", "pw2"), "deny: wrong password or unknown user");
  EXPECT_EQ(test::said(*ldap, "mallory", "pw"), "deny: wrong password or unknown user");
  EXPECT_EQ(test::said(*ldap, "alice,ou=people", "pw"), "deny: wrong password or unknown user");
  EXPECT_EQ(test::said(*ldap, "alice", std::string("pw\0", 3)), "deny: wrong password or unknown user");
}

TEST_F(Ldap, PasswordThatIsEmptyProvesNothing) {
  // This slapd takes a bind with a name and no password for an anonymous one, and says yes.
  for (const bool direct : {false, true}) {
    if (direct) bind_directly();
    EXPECT_EQ(said("alice", ""), "deny: no password");
    const auto login = test::login_of("alice", "");
    login->has_password = false;
    EXPECT_EQ(test::said(test::ask(*backend(), login)), "deny: no password");
  }
}

TEST_F(Ldap, NamesAreNeverPatterns) {
  const auto ldap = backend();
  for (const auto* name : {"*", "al*", "a*e", "alice)(uid=*", "*)(|(uid=*", "\\61lice", "alice)(&)", "alice\n"}) {
    EXPECT_THAT(test::said(*ldap, name, "pw"), "unknown: unknown user") << name;
  }
  EXPECT_EQ(test::said(*ldap, "bob*", "pw"), "allow") << "one of his names";
  EXPECT_EQ(test::said(*ldap, "a+b,c", "pw"), "allow") << "another";
}

TEST_F(Ldap, NameInAnotherSpellingIsAnotherName) {
  // The directory does not mind the case, but an ACL that denies "alice" would not hold for "ALICE".
  EXPECT_EQ(said("ALICE", "pw"), "deny: the directory writes the name in another way");
  EXPECT_EQ(said("Alice", "pw"), "deny: the directory writes the name in another way");
  EXPECT_THAT(said("alice ", "pw"), Not("allow"));
  bind_directly();
  EXPECT_EQ(said("ALICE", "pw"), "deny: the directory writes the name in another way");
  EXPECT_EQ(said("alice", "pw"), "allow");
}

TEST_F(Ldap, FilterThatFindsSeveralIsAnError) {
  options_.ldap.filter = "(cn=%u)";
  EXPECT_EQ(said("Alice", "pw"), "error: the filter finds several users");
}

TEST_F(Ldap, SearcherThatMayNotIsAnError) {
  options_.ldap.bind_password_file = directory_->files().write("secret", "wrong");
  EXPECT_EQ(said("alice", "pw"), "error: bind_dn or its password is wrong");
  options_.ldap.bind_dn.clear();
  EXPECT_EQ(said("alice", "pw"), "unknown: unknown user") << "nobody may search here anonymously";
  options_.ldap.base = "dc=elsewhere";
  EXPECT_THAT(said("alice", "pw"), HasSubstr("error: "));
}

TEST_F(Ldap, TlsChecksTheServer) {
  const std::string own = directory_->files().path("server.pem"), other = directory_->files().path("other.pem");
  for (const bool start_tls : {true, false}) {
    options_.ldap.start_tls = start_tls;
    options_.ldap.url = start_tls ? directory_->url() : directory_->tls_url();
    options_.ldap.ca_file = own;
    EXPECT_EQ(said("alice", "pw"), "allow");
    options_.ldap.ca_file = other;
    EXPECT_THAT(said("alice", "pw"), HasSubstr("error: "));
    options_.ldap.ca_file.clear();
    EXPECT_THAT(said("alice", "pw"), HasSubstr("error: ")) << "the system's authorities do not know it";
  }
  setenv("LDAPTLS_REQCERT", "never", 1);
  EXPECT_THAT(said("alice", "pw"), HasSubstr("error: ")) << "whatever the environment says";
  unsetenv("LDAPTLS_REQCERT");
  options_.ldap.ca_file = own;
  options_.ldap.url = directory_->tls_url();
  options_.ldap.url.replace(options_.ldap.url.find("127.0.0.1"), 9, "127.0.0.2");
  EXPECT_THAT(said("alice", "pw"), HasSubstr("error: ")) << "another name than the certificate's";
}

TEST_F(Ldap, ServerGoesDownAndComesBack) {
  const auto ldap = backend();
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "allow");
  directory_->stop();
  const Verdict down = test::ask(*ldap, test::login_of("alice", "pw"));
  EXPECT_EQ(down.kind, Verdict::Kind::error);
  EXPECT_EQ(down.reason, mqtt::ReasonCode::server_unavailable);
  ASSERT_TRUE(directory_->start());
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "allow");
  directory_->stop();
  ASSERT_TRUE(directory_->start());
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "allow") << "nobody asked while the server was away: the connection is stale";
}

TEST_F(Ldap, ServerThatHangsIsAnErrorInTimeAndIsLeftAlone) {
  options_.ldap.timeout_ms = 1'000;
  const auto ldap = backend();
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "allow");
  directory_->server().halt();
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "error: no answer in time");
  for (int i = 1; i < 5; ++i) EXPECT_THAT(test::said(*ldap, "alice", "pw"), HasSubstr("error: "));
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "error: the server failed too often and is left alone");
  directory_->server().signal(SIGCONT);
  EXPECT_TRUE(test::eventually([&] {
    clock_.advance(Seconds{2});
    return test::said(*ldap, "alice", "pw") == "allow";
  }));
}

TEST_F(Ldap, TlsServerThatHangsIsAnErrorInTime) {
  options_.ldap.timeout_ms = 200;
  options_.ldap.ca_file = directory_->files().path("server.pem");
  directory_->server().halt();
  for (const bool start_tls : {true, false}) {
    options_.ldap.start_tls = start_tls;
    options_.ldap.url = start_tls ? directory_->url() : directory_->tls_url();
    EXPECT_THAT(said("alice", "pw"), HasSubstr("error: "));
  }
  directory_->server().signal(SIGCONT);
}

TEST_F(Ldap, SuccessIsRememberedAndFailureIsNot) {
  options_.ldap.cache_ttl_s = 60;
  const auto ldap = backend();
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "allow");
  EXPECT_EQ(test::said(*ldap, "alice", "pw2"), "deny: wrong password");
  directory_->stop();
  EXPECT_EQ(test::said(*ldap, "alice", "pw"), "allow");
  EXPECT_THAT(test::said(*ldap, "alice", "pw2"), HasSubstr("error: "));
  clock_.advance(Seconds{60});
  EXPECT_THAT(test::said(*ldap, "alice", "pw"), HasSubstr("error: "));
}

TEST_F(Ldap, OptionsThatCannotBeRightAreErrors) {
  EXPECT_THAT(problems(), ElementsAre());
  for (const auto* url : {"", "http://x", "ldapi:///", "127.0.0.1", "ldap"}) {
    options_.ldap.url = url;
    EXPECT_EQ(problems().size(), 1U) << url;
  }
  options_.ldap.url = "ldaps://x";
  options_.ldap.start_tls = true;
  options_.ldap.filter = "(uid=*)";
  options_.ldap.base.clear();
  options_.ldap.bind_password_file = directory_->files().path("none");
  options_.ldap.ca_file = directory_->files().path("none.pem");
  EXPECT_EQ(problems().size(), 5U);
  options_.ldap.bind_password_file = directory_->files().write("empty", "");
  EXPECT_EQ(problems().size(), 5U);
  options_.ldap.bind_password_file.clear();
  EXPECT_EQ(problems().size(), 5U);
}

TEST_F(Ldap, KeepsTheContractOfBackends) {
  test::hold_contract([&](Workers& workers, const Clock& clock) { return make_ldap(options_, workers, clock); });
  bind_directly();
  test::hold_contract([&](Workers& workers, const Clock& clock) { return make_ldap(options_, workers, clock); },
                      Verdict::Kind::deny, Verdict::Kind::deny);
}

}  // namespace
