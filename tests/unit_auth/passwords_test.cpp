#include "auth/password_file.hpp"
#include "auth/passwords.hpp"
#include "backend_contract.hpp"
#include "temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace tombo::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = Verdict::Kind;

/// A hash of "secret" that costs next to nothing.
const std::string& cheap() {
  static const std::string kText = PasswordHash::make(PasswordHash::Kind::sha512, "secret")->text();
  return kText;
}

void run(const std::string& command) { ASSERT_EQ(std::system((command + " > /dev/null 2>&1").c_str()), 0) << command; }

bool there_is_mosquitto_passwd() { return std::system("command -v mosquitto_passwd > /dev/null 2>&1") == 0; }

TEST(PasswordHash, VerifiesWhatItMade) {
  for (const auto kind : {PasswordHash::Kind::sha512, PasswordHash::Kind::pbkdf2, PasswordHash::Kind::argon2id}) {
    if (kind == PasswordHash::Kind::argon2id && !has_argon2id()) continue;
    const auto made = PasswordHash::make(kind, "secret");
    ASSERT_TRUE(made.ok()) << made.error();
    const auto read = PasswordHash::parse(made->text());
    ASSERT_TRUE(read.ok()) << made->text() << ": " << read.error();
    EXPECT_TRUE(read->verify("secret"));
    EXPECT_FALSE(read->verify("Secret"));
    EXPECT_FALSE(read->verify("secre"));
    EXPECT_FALSE(read->verify(""));
    EXPECT_EQ(read->text(), made->text());
    EXPECT_NE(PasswordHash::make(kind, "secret")->text(), made->text()) << "a salt of its own";
  }
}

// Not published; Mosquitto 2.0.11 and 2.1.2 let 'pw-alice\0anything' in.
TEST(PasswordHash, ComparesWholePasswordsBehindNulToo) {
  using std::string_view_literals::operator""sv;
  for (const auto kind : {PasswordHash::Kind::sha512, PasswordHash::Kind::pbkdf2, PasswordHash::Kind::argon2id}) {
    if (kind == PasswordHash::Kind::argon2id && !has_argon2id()) continue;
    const auto plain = PasswordHash::make(kind, "pw"sv);
    EXPECT_FALSE(plain->verify("pw\0x"sv));
    EXPECT_FALSE(plain->verify("pw\0"sv));
    const auto with_nul = PasswordHash::make(kind, "pw\0x"sv);
    EXPECT_TRUE(with_nul->verify("pw\0x"sv));
    EXPECT_FALSE(with_nul->verify("pw"sv));
    EXPECT_FALSE(with_nul->verify("pw\0y"sv));
  }
}

TEST(PasswordHash, TakesWhatOtherToolsWrote) {
  if (!has_argon2id()) GTEST_SKIP() << "built without argon2id";
  // argon2id_hash_encoded(2, 64, 2, "secret", 6, "somesalt", 8, 32, ...) of libargon2.
  const auto hash = PasswordHash::parse("$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHQ$5oWJWemHdvcALB5qJUf5shIEbkt0aHEYMrRv5wmzO/Y");
  ASSERT_TRUE(hash.ok()) << hash.error();
  EXPECT_TRUE(hash->verify("secret"));
}

struct Line {
  std::string text;
  std::string problem;  // a part of it
};
class BrokenLine : public ::testing::TestWithParam<Line> {};

TEST_P(BrokenLine, IsAnErrorWithItsNumber) {
  const auto file = PasswordFile::parse("# users\nalice:" + cheap() + "\n" + GetParam().text + "\n", "pw");
  ASSERT_FALSE(file.ok()) << GetParam().text;
  EXPECT_THAT(file.error(), ElementsAre(StartsWith("pw:3: ")));
  const bool unknown_here = GetParam().text.find("$argon2id$") != std::string::npos && !has_argon2id();
  EXPECT_THAT(file.error().front(), HasSubstr(unknown_here ? "argon2id is not compiled in" : GetParam().problem));
}

// [CVE-2018-12551]
INSTANTIATE_TEST_SUITE_P(PasswordFile, BrokenLine, ::testing::ValuesIn(std::vector<Line>{
    {"bob", "no ':'"},
    {":" + cheap(), "user name is empty"},
    {"  :" + cheap(), "user name is empty"},
    {":", "user name is empty"},
    {"bob:", "there is no password hash"},
    {"bob:   ", "there is no password hash"},
    {"bob:secret", "no password hash"},
    {"bob:$", "not known"},
    {"bob:$6", "kind 6 is"},
    {"bob:$6$$", "salt must be"},
    {"bob:$6$AAAA$", "hash must be"},
    {"bob:$6$AAAA$AAAA", "hash must be"},
    {"bob:" + cheap() + "A", "hash must be"},
    {"bob:" + cheap() + ":x", "hash must be"},
    {"bob:" + cheap().substr(0, cheap().size() - 1), "hash must be"},
    {"bob:$5$AAAA$AAAA", "not known"},
    {"bob:$2y$10$AAAA", "not known"},
    {"bob:$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "not known"},
    {"bob:$7$0$AAAA$AAAA", "iterations"},
    {"bob:$7$-1$AAAA$AAAA", "iterations"},
    {"bob:$7$101x$AAAA$AAAA", "iterations"},
    {"bob:$7$2000001$AAAA$AAAA", "iterations"},
    {"bob:$7$99999999999999999999$AAAA$AAAA", "iterations"},
    {"bob:$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "kind argon2id is"},
    {"bob:$argon2id$v=19$m=65537,t=1,p=1$c29tZXNhbHQ$AAAA", "costs"},
    {"bob:$argon2id$v=19$m=64,t=21,p=1$c29tZXNhbHQ$AAAA", "costs"},
    {"bob:$argon2id$v=19$m=64,t=1,p=17$c29tZXNhbHQ$AAAA", "costs"},
    {"bob:$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$AAAA", "costs"},
    {"bob:$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$AAAA", "costs"},
    {"bob:$argon2id$v=19$m=64,t=1,p=1$c29$AAAA", "salt"},
    {"bob:$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "hash must be"},
    {"alice:" + cheap(), "stands in line 2 already"},
    {std::string("b\0b:", 4) + cheap(), "not UTF-8"},
    {"b\xff:" + cheap(), "not UTF-8"},
    {std::string(65'536, 'u') + ":" + cheap(), "longer than"}}));

TEST(PasswordFile, TellsAllProblemsAtOnceButNotAMillion) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "broken\n";
  const auto file = PasswordFile::parse(text, "pw");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error(), SizeIs(kPasswordProblemsMax + 1));
  EXPECT_EQ(file.error().back(), "pw: and 980 more");
}

TEST(PasswordFile, SkipsCommentsAndBlankLines) {
  const auto file = PasswordFile::parse("\xEF\xBB\xBF# a:b\r\n\n   \n#\n\talice:" + cheap() + " \r\nb c:" + cheap(), "pw");
  ASSERT_TRUE(file.ok()) << file.error().front();
  EXPECT_EQ(file->size(), 2U);
  EXPECT_NE(file->find("alice"), nullptr);
  EXPECT_NE(file->find("b c"), nullptr);
  EXPECT_EQ(file->find(""), nullptr);
  EXPECT_EQ(file->find("a"), nullptr);
}

TEST(PasswordFile, ThatIsNotThereIsAnError) {
  const TemporaryDirectory directory;
  EXPECT_THAT(PasswordFile::load(directory.path("none")).error(), ElementsAre(HasSubstr("No such file")));
  EXPECT_THAT(PasswordFile::load(directory.path("")).error(), ElementsAre(HasSubstr("no regular file")));
  EXPECT_THAT(PasswordFile::load("/dev/zero").error(), ElementsAre(HasSubstr("no regular file")));
}

TEST(PasswordFile, OfMosquittoPasswdIsRead) {
  if (!there_is_mosquitto_passwd()) GTEST_SKIP() << "mosquitto_passwd is not installed";
  const TemporaryDirectory directory;
  const std::string path = directory.path("pw");
  run("mosquitto_passwd -c -b " + path + " alice secret");
  run("mosquitto_passwd -b -H sha512 " + path + " bob 'other pässword'");
  const auto file = PasswordFile::load(path);
  ASSERT_TRUE(file.ok()) << file.error().front();
  ASSERT_EQ(file->size(), 2U);
  EXPECT_TRUE(file->find("alice")->kind() == PasswordHash::Kind::pbkdf2);
  EXPECT_TRUE(file->find("bob")->kind() == PasswordHash::Kind::sha512);
  EXPECT_TRUE(file->find("alice")->verify("secret"));
  EXPECT_FALSE(file->find("alice")->verify("other pässword"));
  EXPECT_TRUE(file->find("bob")->verify("other pässword"));
  EXPECT_FALSE(file->find("bob")->verify("secret"));
}

config::Options options_with(const std::string& file) {
  config::Options options;
  options.passwords.file = file;
  return options;
}

TEST(Passwords, KeepTheContract) {
  const TemporaryDirectory directory;
  const auto options = options_with(directory.write(
      "pw", "alice:" + cheap() + "\nbob:" + PasswordHash::make(PasswordHash::Kind::pbkdf2, "pw2")->text() + "\n"));
  using std::string_view_literals::operator""sv;
  BackendContract{[&](Workers& workers, const Clock& clock) { return make_passwords(options, workers, clock); },
                  {{LoginOf{}.user("alice").password("secret"), Kind::allow},
                   {LoginOf{}.user("bob").password("pw2"), Kind::allow},
                   {LoginOf{}.user("bob").password("secret"), Kind::deny},
                   {LoginOf{}.user("alice").password("secret\0"sv), Kind::deny},
                   {LoginOf{}.user("alice\0"sv).password("secret"), Kind::unknown},
                   {LoginOf{}.user("alice").password(""), Kind::deny},
                   {LoginOf{}.user("alice"), Kind::deny},
                   {LoginOf{}.user("carol").password("secret"), Kind::unknown},
                   {LoginOf{}.user("carol"), Kind::unknown},
                   {LoginOf{}.user("").password("secret"), Kind::unknown},
                   {LoginOf{}.password("secret"), Kind::unknown},
                   {LoginOf{}, Kind::unknown}}}
      .hold();
}

TEST(Passwords, NameWhoCameIn) {
  const TemporaryDirectory directory;
  Workers workers{1, 10};
  const SystemClock clock;
  auto backend = make_passwords(options_with(directory.write("pw", "alice:" + cheap())), workers, clock);
  ASSERT_TRUE(backend.ok());
  const auto verdict = BackendContract::ask(**backend, LoginOf{}.user("alice").password("secret"));
  ASSERT_NE(verdict.principal, nullptr);
  EXPECT_EQ(verdict.principal->user_name, "alice");
  EXPECT_EQ(verdict.principal->backend, "passwords");
  EXPECT_FALSE(verdict.principal->has_grants);
}

// Who is in the file must not show in the time: an unknown user is hashed like a known one.
TEST(Passwords, AStrangerCostsTheSameTime) {
  const TemporaryDirectory directory;
  const std::string slow = PasswordHash::make(PasswordHash::Kind::pbkdf2, "secret")->text();
  Workers workers{1, 10};
  const SystemClock clock;
  auto backend = make_passwords(options_with(directory.write("pw", "alice:" + slow + "\nbob:" + slow)), workers, clock);
  ASSERT_TRUE(backend.ok());
  const auto fastest = [&](std::string_view user) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 3; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      BackendContract::ask(**backend, LoginOf{}.user(user).password("wrong"));
      best = std::min(best, std::chrono::nanoseconds{std::chrono::steady_clock::now() - begin});
    }
    return best;
  };
  EXPECT_GT(fastest("stranger"), fastest("alice") / 2);
}

TEST(Passwords, AFileWithoutUsersKnowsNobody) {
  const TemporaryDirectory directory;
  Workers workers{1, 10};
  const SystemClock clock;
  auto backend = make_passwords(options_with(directory.write("pw", "# nobody yet\n")), workers, clock);
  ASSERT_TRUE(backend.ok());
  EXPECT_TRUE(BackendContract::ask(**backend, LoginOf{}.user("alice").password("")).kind == Kind::unknown);
  EXPECT_TRUE(BackendContract::ask(**backend, LoginOf{}.user("alice").password("x")).kind == Kind::unknown);
}

}  // namespace
}  // namespace tombo::auth
