#include "unit_config/mosquitto_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace tombo::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kOpen = "listener 1883\nallow_anonymous true\n";

std::string told_with(std::string_view lines) {
  return told(read_conf(kOpen + std::string{lines}));
}
Options with(std::string_view lines) {
  const Loaded loaded = read_conf(kOpen + std::string{lines});
  EXPECT_TRUE(loaded.ok()) << told(loaded);
  return loaded.options;
}

TEST(RecogniseSyntax, GoesByWhatMostLinesCanOnlyBe) {
  EXPECT_EQ(load_text("# my broker\nlistener 1884\n", "x.toml").syntax, Syntax::mosquitto);
  EXPECT_EQ(load_text("persistence true\n", "x").syntax, Syntax::mosquitto);
  EXPECT_EQ(load_text("allow_anonymous true\n[[listener]]\nport = 1\n", "x.conf").syntax, Syntax::toml);
  EXPECT_EQ(load_text("listener 1884\nallow_anonymous = true\nmax_qos 1\n", "x").syntax, Syntax::mosquitto);
  EXPECT_EQ(load_text("allow_anonymous = true\n", "x.conf").syntax, Syntax::toml);
}

TEST(RecogniseSyntax, GoesByTheNameOfAFileThatTellsNothing) {
  EXPECT_EQ(load_text("# nothing\n", "/etc/mosquitto/mosquitto.conf").syntax, Syntax::mosquitto);
  EXPECT_EQ(load_text("# nothing\n", "tombo.toml").syntax, Syntax::toml);
  EXPECT_EQ(load_text("", "tombo").syntax, Syntax::toml);
}

TEST(RecogniseSyntax, CanBeToldOtherwise) {
  EXPECT_FALSE(load_text("listener 1883\n", "x", Syntax::toml).ok());
  EXPECT_THAT(told(load_text("port = 1883\n", "x", Syntax::mosquitto)), HasSubstr("without '='"));
  EXPECT_EQ(load_file("/nowhere", Syntax::mosquitto).syntax, Syntax::mosquitto);
}

TEST(Mosquitto, ListensOnLoopbackForEverybodyWhereNothingIsWritten) {
  const Loaded loaded = read_conf("# nothing\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_FALSE(loaded.listeners_given);
  ASSERT_THAT(loaded.options.listeners, SizeIs(2));
  EXPECT_EQ(loaded.options.listeners[0].address, "127.0.0.1");
  EXPECT_EQ(loaded.options.listeners[1].address, "::1");
  EXPECT_TRUE(loaded.options.allow_anonymous);
  EXPECT_FALSE(read_conf("allow_anonymous false\npassword_file p\n").options.allow_anonymous);
}

TEST(Mosquitto, LetsNobodyInUnaskedOnceThereIsAListener) {
  const Loaded loaded = read_conf("listener 1884\n");
  EXPECT_TRUE(loaded.listeners_given);
  EXPECT_FALSE(loaded.options.allow_anonymous);
  EXPECT_THAT(told(loaded), HasSubstr("warning: nobody can connect"));
}

TEST(Mosquitto, BringsItsOwnDefaults) {
  const Options options = with("");
  EXPECT_EQ(options.limits.in_flight_max, 20);
  EXPECT_EQ(options.limits.queue_messages_max, 1000U);
  EXPECT_EQ(options.limits.queue_bytes_max, 1ULL << 40U);
  EXPECT_EQ(options.limits.session_expiry_max_s, 0xFFFFFFFFU);
  EXPECT_EQ(options.limits.retained_messages_max, 100'000'000U);
  EXPECT_EQ(options.limits.packet_bytes_max, 268'435'460U);
  EXPECT_EQ(options.limits.topic_alias_max_out, 10);
  EXPECT_EQ(options.listeners[0].topic_alias_max, 10);
  EXPECT_EQ(options.listeners[0].auto_id_prefix, "auto-");
  EXPECT_EQ(options.sys.interval_s, 10U);
  EXPECT_THAT(options.log.to, ElementsAre("stderr"));
  EXPECT_EQ(options.log.wording, LogWording::mosquitto);
  EXPECT_EQ(options.log.timestamp_format, "%s");
  EXPECT_EQ(options.persistence.directory, "");
  EXPECT_EQ(options.defence.user, "mosquitto");
}

TEST(Mosquitto, TellsFileLineAndColumnOfEachProblemAtOnce) {
  const Loaded loaded = read_conf("listener 1883\nmax_qos 3\n\n  allow_anonymous yes\nmax_inflight_mesages 3\n");
  EXPECT_EQ(told(loaded),
            "m.conf:2:9: error: 'max_qos' is 3 but must be between 0 and 2\n  max_qos 3\n          ^\n"
            "m.conf:4:19: error: 'allow_anonymous' wants true or false, but is 'yes'\n    allow_anonymous yes\n"
            "                    ^\n"
            "m.conf:5:1: error: unknown directive 'max_inflight_mesages'; did you mean 'max_inflight_messages'?\n"
            "  max_inflight_mesages 3\n  ^\n");
}

TEST(Mosquitto, ReadsAValueToTheEndOfItsLine) {
  EXPECT_EQ(with("pid_file /run/a b#c.pid  \t\r\n").pid_file, "/run/a b#c.pid");
  EXPECT_EQ(with("pid_file\t  /run/x").pid_file, "/run/x");
}

TEST(Mosquitto, DoesNotReadWhatFollowsAWord) {
  EXPECT_EQ(with("max_keepalive 60 # a minute\n").limits.keep_alive_max_s, 60);
  EXPECT_THAT(told_with("max_keepalive 60 # a minute\n"),
              HasSubstr("m.conf:3:15: warning: a comment stands on a line of its own"));
  EXPECT_THAT(told_with("max_keepalive 60s\n"), HasSubstr("error: 'max_keepalive' wants a whole number"));
}

TEST(Mosquitto, TakesNoTextTwice) {
  EXPECT_THAT(told_with("pid_file a\npid_file b\n"),
              HasSubstr("m.conf:4:10: error: 'pid_file' is written twice: the other stands in line 3"));
}

TEST(Mosquitto, TakesNoLimitForTheMostThereIs) {
  const Options options = with(
      "max_inflight_messages 0\nmax_queued_messages 0\nmax_queued_bytes 0\nmax_packet_size 0\n"
      "max_connections -1\nglobal_max_connections -1\nmemory_limit 0\n");
  EXPECT_EQ(options.limits.in_flight_max, 65'535);
  EXPECT_EQ(options.limits.queue_messages_max, 100'000'000U);
  EXPECT_EQ(options.limits.queue_bytes_max, 1ULL << 40U);
  EXPECT_EQ(options.limits.packet_bytes_max, 268'435'460U);
  EXPECT_EQ(options.listeners[0].connections_max, 0U);
  EXPECT_EQ(options.limits.connections_max, 100'000'000U);
  EXPECT_EQ(options.limits.memory_bytes_max, 0U);
}

TEST(Mosquitto, MovesWhatIsBeyondTomboToItsBoundWithAWarning) {
  EXPECT_EQ(with("max_queued_bytes 100\n").limits.queue_bytes_max, 1024U);
  EXPECT_THAT(
      told_with("max_queued_bytes 100\n"),
      HasSubstr("warning: 'max_queued_bytes' is 100, but 1024 is the least that tombo offers and holds instead"));
  EXPECT_THAT(told_with("max_queued_messages 2000000000\n"), HasSubstr("but 100000000 is the most that tombo offers"));
}

TEST(Mosquitto, ReadsDurations) {
  EXPECT_EQ(with("persistent_client_expiration 2h\n").limits.session_expiry_max_s, 7'200U);
  EXPECT_EQ(with("persistent_client_expiration 14d\n").limits.session_expiry_max_s, 1'209'600U);
  EXPECT_EQ(with("persistent_client_expiration 2m\n").limits.session_expiry_max_s, 5'184'000U);
  EXPECT_EQ(with("persistent_client_expiration 1y\n").limits.session_expiry_max_s, 31'536'000U);
  EXPECT_THAT(told_with("persistent_client_expiration 999y\n"), HasSubstr("so sessions never expire"));
  for (const char* wrong : {"10", "d", "-1d", "0d", "1.5d", "9223372036854775808y"}) {
    EXPECT_THAT(told_with(std::string{"persistent_client_expiration "} + wrong + "\n"), HasSubstr("error: ")) << wrong;
  }
}

TEST(Mosquitto, KeepsItsStoreBesideMosquittosFile) {
  Options options = with("persistence true\npersistence_location /var/lib/mosquitto/\n");
  EXPECT_EQ(options.persistence.directory, "/var/lib/mosquitto/tombo");
  EXPECT_EQ(options.persistence.import_file, "/var/lib/mosquitto/mosquitto.db");
  options = with("persistence true\npersistence_location /data\npersistence_file x.db\n");
  EXPECT_EQ(options.persistence.directory, "/data/tombo");
  EXPECT_EQ(options.persistence.import_file, "/data/x.db");
  EXPECT_EQ(with("persistence true\n").persistence.directory, "tombo");
  EXPECT_EQ(with("persistence false\n").persistence.directory, "");
  EXPECT_THAT(told_with("persistence_location /x\n"), HasSubstr("there is no 'persistence true'"));
}

TEST(Mosquitto, SendsLinesWhereTheyAreWanted) {
  EXPECT_THAT(with("log_dest file /var/log/a b.log\nlog_dest stdout\nlog_dest topic\n").log.to,
              ElementsAre("file:/var/log/a b.log", "stdout", "topic"));
  EXPECT_EQ(with("log_dest none\n").log.level, "off");
  EXPECT_THAT(told_with("log_dest dlt\n"), HasSubstr("warning: 'log_dest dlt' has no effect"));
  EXPECT_THAT(told_with("log_dest file\n"), HasSubstr("error: 'log_dest file' wants a path"));
  EXPECT_THAT(told_with("log_dest journal\n"), HasSubstr("error: 'log_dest' is 'journal', but must be"));
}

TEST(Mosquitto, LogsTheTypesThatAreNamedAndNoOthers) {
  EXPECT_THAT(with("log_type error\nlog_type subscribe\nlog_type error\n").log.types,
              ElementsAre("error", "subscribe"));
  EXPECT_THAT(with("log_type error\nlog_type none\nlog_type debug\n").log.types, ElementsAre("debug"));
  EXPECT_THAT(with("").log.types, IsEmpty());
  EXPECT_EQ(with("log_type none\n").log.level, "off");
  EXPECT_THAT(told_with("log_type websockets\n"), HasSubstr("warning: 'log_type websockets' has no effect"));
  EXPECT_THAT(told_with("log_type info\n"), HasSubstr("error: 'log_type' is 'info', but must be debug, error"));
}

TEST(Mosquitto, SaysInItsOwnWordsWhatTheChecksFind) {
  EXPECT_THAT(told_with("listener 1883\n"), HasSubstr("m.conf:3:10: error: two listeners want port 1883"));
  EXPECT_THAT(told_with("max_connections 100\nglobal_max_connections 10\n"),
              AllOf(HasSubstr("'global_max_connections' allows 10 in all"), Not(HasSubstr("[limits]"))));
  EXPECT_THAT(
      told_with("use_identity_as_username true\n"),
      AllOf(HasSubstr("'use_identity_as_username' wants names of client certificates: write require_certificate true"),
            Not(HasSubstr("user_name_from"))));
  EXPECT_THAT(told(read_conf("listener 1883\nprotocol websockets\n")),
              HasSubstr("write password_file PATH, or allow_anonymous true"));
}

TEST(Mosquitto, HasNothingToSayOfDefaultsBelowAMemoryLimit) {
  EXPECT_EQ(told_with("memory_limit 10000000\n"), "");
  EXPECT_THAT(told_with("memory_limit 10000000\nmax_queued_bytes 20000000\n"), HasSubstr("never reached"));
}

TEST(Mosquitto, ReadsIncludedFilesInMosquittosOrder) {
  const Loaded loaded = load_mosquitto(mosquitto_text("debian"), "debian.conf");
  EXPECT_TRUE(loaded.ok()) << told(loaded);
  ASSERT_THAT(loaded.options.listeners, SizeIs(1));
  EXPECT_EQ(loaded.options.listeners[0].connections_max, 100U);
  ASSERT_THAT(loaded.options.bridges, SizeIs(2));
  EXPECT_EQ(loaded.options.bridges[0].name, "first");
  EXPECT_EQ(loaded.options.bridges[1].name, "second");
}

class Folder {
 public:
  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream{path + "/" + name} << text; }
  const std::string path = std::string{::testing::TempDir()} + "/tombo_include_" + std::to_string(::getpid());
};

TEST(Mosquitto, BeginsAnewInEachIncludedFileAndGoesOnBehindIt) {
  const Folder folder;
  folder.write("a.conf", "listener 1885\nmax_qos 0\n");
  folder.write("b.conf", "max_qos 1\n");
  const Loaded loaded = read_conf(kOpen + ("include_dir " + folder.path + "\nmount_point x/\n"));
  ASSERT_THAT(loaded.options.listeners, SizeIs(3)) << told(loaded);
  EXPECT_EQ(loaded.options.listeners[0].mount_point, "x/");
  EXPECT_EQ(loaded.options.listeners[1].port, 1885);
  EXPECT_EQ(loaded.options.listeners[1].qos_max, 0);
  EXPECT_EQ(loaded.options.listeners[2].qos_max, 1);  // of the default listener
}

TEST(Mosquitto, NamesTheIncludedFileInProblems) {
  const Folder folder;
  folder.write("B.conf", "max_qos 7\n");
  folder.write("a.conf", "topic #\ninclude_dir /etc\n");
  folder.write("c.txt", "nonsense\n");
  const std::string all = told_with("include_dir " + folder.path + "/\nmax_qos 8\n");
  EXPECT_THAT(all, HasSubstr(folder.path + "/B.conf:1:9: error: 'max_qos' is 7"));
  EXPECT_THAT(all, HasSubstr("a.conf:1:1: error: 'topic' belongs to a bridge, which 'connection NAME' begins; there is "
                             "none above it in this file"));
  EXPECT_THAT(all, HasSubstr("a.conf:2:1: warning: 'include_dir' has no effect: it counts in the main file only"));
  EXPECT_THAT(all, HasSubstr("m.conf:4:9: error: 'max_qos' is 8"));
  EXPECT_THAT(all, Not(HasSubstr("nonsense")));
  EXPECT_LT(all.find("m.conf:4"), all.find("a.conf:1"));
  EXPECT_LT(all.find("a.conf:1"), all.find("B.conf:1"));  // as they are read
  EXPECT_THAT(told_with("include_dir /nowhere\n"),
              HasSubstr("error: cannot read the directory '/nowhere': No such file"));
}

TEST(Mosquitto, SurvivesAnyPrefixAndAnyLostByteOfItsFiles) {
  for (const std::string_view name : kMosquittoFiles) {
    const std::string text = mosquitto_text(name);
    for (std::size_t i = 0; i < text.size(); i += 5) {
      read_conf(text.substr(0, i));
      std::string damaged = text;
      damaged[i] = static_cast<char>(i * 7 % 256);
      EXPECT_LE(read_conf(damaged).problems.size(), 300U);
    }
  }
}

TEST(Mosquitto, EndsWithWhoeverHasTooManyMistakes) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "nonsense\n";
  EXPECT_LE(read_conf(text).problems.size(), 300U);
  EXPECT_THAT(told(read_conf(text)), HasSubstr("too many problems"));
  text.clear();
  for (int i = 0; i < 2'000; ++i) text += "listener " + std::to_string(i + 1) + "\n";
  EXPECT_LE(read_conf(text).options.listeners.size(), 1'000U);
}

}  // namespace
}  // namespace tombo::config
