#include "store/import/mosquitto_file.hpp"

#include "unit_store_tools/mosquitto_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tombo::tomboctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using State = store::MosquittoFile::State;

/// One of everything.
MosquittoBytes full(std::uint32_t version = 6) {
  MosquittoBytes file(version);
  file.message({1, "t/1", "hello", 1, false, 1'800'000'000})
      .message({2, "r/1", "kept", 2, true, 0, std::string("\x02\x01\x01", 3)})
      .client("c", 1000, 1'700'001'000, "anna")
      .exchange({"c", 1, 7, 1, 3, 0x11, 1, std::string("\x03\x0b\xac\x02", 4)})
      .subscription("c", "t/#", 2, 4 | 8 | 0x10, 300)
      .retained(2);
  return file;
}

TEST(MosquittoFile, IsReadWhole) {
  const MosquittoBytes bytes = full();
  const auto file = store::read_mosquitto_file(bytes.bytes());
  ASSERT_TRUE(file.ok()) << file.error().text;
  EXPECT_EQ(file->version, 6u);
  ASSERT_EQ(file->clients.size(), 1u);
  EXPECT_EQ(file->clients[0].id, "c");
  EXPECT_EQ(file->clients[0].user_name, "anna");
  EXPECT_EQ(file->clients[0].expiry_s, 1000u);
  EXPECT_EQ(file->clients[0].expires_at, 1'700'001'000);
  ASSERT_EQ(file->subscriptions.size(), 1u);
  EXPECT_EQ(file->subscriptions[0].filter, "t/#");
  EXPECT_EQ(file->subscriptions[0].subscription_id, 300u);
  EXPECT_EQ(file->subscriptions[0].options.qos, mqtt::Qos::exactly_once);
  EXPECT_TRUE(file->subscriptions[0].options.no_local);
  EXPECT_TRUE(file->subscriptions[0].options.retain_as_published);
  EXPECT_EQ(file->subscriptions[0].options.retain_handling, mqtt::RetainHandling::send_if_new);
  ASSERT_EQ(file->messages.size(), 2u);
  EXPECT_EQ(file->messages.at(1).topic, "t/1");
  EXPECT_EQ(mqtt::text_of(file->messages.at(1).payload), "hello");
  EXPECT_EQ(file->messages.at(1).expires_at, 1'800'000'000);
  EXPECT_TRUE(file->messages.at(2).retain);
  EXPECT_EQ(mqtt::text_of(file->messages.at(2).properties), "\x01\x01");
  ASSERT_EQ(file->exchanges.size(), 1u);
  EXPECT_EQ(file->exchanges[0].packet_id, 7);
  EXPECT_EQ(file->exchanges[0].state, State::sent);
  EXPECT_TRUE(file->exchanges[0].retain);
  EXPECT_THAT(file->exchanges[0].subscription_ids, ElementsAre(300u));
  EXPECT_THAT(file->retained, ElementsAre(2u));
}

TEST(MosquittoFile, OfVersion5HasNoUserNames) {
  const MosquittoBytes bytes = full(5);
  const auto file = store::read_mosquitto_file(bytes.bytes());
  ASSERT_TRUE(file.ok()) << file.error().text;
  EXPECT_EQ(file->version, 5u);
  EXPECT_EQ(file->clients.at(0).id, "c");
  EXPECT_EQ(file->clients.at(0).user_name, "");
  EXPECT_EQ(file->clients.at(0).expires_at, 1'700'001'000);
}

TEST(MosquittoFile, CutOffAnywhereIsAMistakeButAtTheEndOfAChunk) {
  const MosquittoBytes bytes = full();
  std::size_t readable = 0;
  for (std::size_t size = 0; size < bytes.bytes().size(); ++size) {
    const auto file = store::read_mosquitto_file(std::string_view(bytes.bytes()).substr(0, size));
    const bool at_chunk = std::find(bytes.starts().begin() + 1, bytes.starts().end(), size) != bytes.starts().end();
    EXPECT_TRUE(!file.ok() || at_chunk) << size;
    readable += file.ok() ? 1 : 0;
    EXPECT_LE(file.ok() ? 0 : file.error().offset, size);
  }
  // The format has no end: what is cut between two chunks is whole as far as anybody can see.
  EXPECT_EQ(readable, bytes.starts().size() - 1);
}

/// Every byte set to every value: nothing but an answer comes of it.  Under ASan this shows that nothing is read beyond.
TEST(MosquittoFile, WithAnyByteChangedIsReadOrRefused) {
  const std::string bytes = full().bytes();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      const auto file = store::read_mosquitto_file(changed);
      if (file.ok()) continue;
      ++refused;
      EXPECT_LE(file.error().offset, changed.size());
      EXPECT_FALSE(file.error().text.empty());
    }
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(MosquittoFile, SaysWhereAndWhatIsWrong) {
  const std::string empty = MosquittoBytes().bytes();
  const auto refused = [](const MosquittoBytes& file) {
    const auto read = store::read_mosquitto_file(file.bytes());
    EXPECT_FALSE(read.ok());
    if (read.ok()) return std::string();
    EXPECT_EQ(read.error().offset, file.starts().back()) << read.error().text;
    return read.error().text;
  };
  EXPECT_TRUE(store::read_mosquitto_file(empty).ok());
  EXPECT_THAT(refused(MosquittoBytes().chunk(7, "abc")), HasSubstr("unknown kind 7"));
  EXPECT_THAT(refused(MosquittoBytes().chunk(0, "")), HasSubstr("unknown kind 0"));
  EXPECT_THAT(refused(MosquittoBytes().chunk(4, "1234")), HasSubstr("a retained message is shorter"));
  EXPECT_THAT(refused(MosquittoBytes().chunk(4, "123456789")), HasSubstr("a retained message is longer"));
  EXPECT_THAT(refused(MosquittoBytes().retained(5)), HasSubstr("message 5 is named and is not there"));
  EXPECT_THAT(refused(MosquittoBytes().subscription("c", "a")), HasSubstr("a client is named that is not there: c"));
  EXPECT_THAT(refused(MosquittoBytes().client("c").subscription("c", "a/#/b")), HasSubstr("no valid topic filter"));
  EXPECT_THAT(refused(MosquittoBytes().client("c").subscription("c", "a", 3)), HasSubstr("no valid QoS"));
  EXPECT_THAT(refused(MosquittoBytes().client("c").subscription("c", "a", 1, 0x30)), HasSubstr("no valid options"));
  EXPECT_THAT(refused(MosquittoBytes().client("c").subscription("", "a")), HasSubstr("names no client"));
  EXPECT_THAT(refused(MosquittoBytes().client("c").client("c")), HasSubstr("is there twice: c"));
  EXPECT_THAT(refused(MosquittoBytes().client("")), HasSubstr("no valid client id"));
  EXPECT_THAT(refused(MosquittoBytes().client("\xff")), HasSubstr("no valid client id"));
  EXPECT_THAT(refused(MosquittoBytes().message({1, "a/#"})), HasSubstr("no valid topic"));
  EXPECT_THAT(refused(MosquittoBytes().message({1, "a", "", 3})), HasSubstr("no valid QoS"));
  EXPECT_THAT(refused(MosquittoBytes().message({1}).message({1})), HasSubstr("the number of another one"));
  EXPECT_THAT(refused(MosquittoBytes().message({1, "a", "", 1, false, 0, std::string("\x02\x23\x01", 3)})), HasSubstr("properties"));
  MosquittoBytes one;
  one.client("c").message({1});
  const auto with = [&one](const MosquittoBytes::Exchange& exchange) { return MosquittoBytes(one).exchange(exchange); };
  EXPECT_THAT(refused(with({"c", 1, 1, 1, 12})), HasSubstr("unknown state 12"));
  EXPECT_THAT(refused(with({"c", 1, 1, 1, 7})), HasSubstr("unknown state 7"));
  EXPECT_THAT(refused(with({"c", 1, 1, 1, 3, 0, 0})), HasSubstr("unknown state 3"));
  EXPECT_THAT(refused(with({"c", 1, 1, 1, 3, 0, 2})), HasSubstr("neither"));
  EXPECT_THAT(refused(with({"c", 1, 0, 1, 3})), HasSubstr("no packet identifier"));
  EXPECT_THAT(refused(with({"c", 1, 1, 1, 9})), HasSubstr("waits for PUBCOMP"));
  EXPECT_THAT(refused(with({"c", 2, 1, 1, 3})), HasSubstr("message 2 is named"));
  EXPECT_THAT(refused(with({"d", 1, 1, 1, 3})), HasSubstr("a client is named that is not there: d"));
}

TEST(MosquittoFile, OfAnotherKindOrVersionIsRefused) {
  EXPECT_THAT(store::read_mosquitto_file("").error().text, HasSubstr("no file of Mosquitto"));
  EXPECT_THAT(store::read_mosquitto_file("{\"kind\":").error().text, HasSubstr("no file of Mosquitto"));
  const auto old = store::read_mosquitto_file(MosquittoBytes(4).bytes());
  ASSERT_FALSE(old.ok());
  EXPECT_THAT(old.error().text, HasSubstr("version 4"));
  EXPECT_EQ(old.error().offset, 15u);
  std::string narrow = MosquittoBytes().bytes();
  narrow[narrow.size() - 7] = 4;
  EXPECT_THAT(store::read_mosquitto_file(narrow).error().text, HasSubstr("4 bytes"));
}

}  // namespace
}  // namespace tombo::tomboctl
