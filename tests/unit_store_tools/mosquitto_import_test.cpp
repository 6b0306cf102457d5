#include "store/import/mosquitto_import.hpp"

#include "tomboctl/store/check.hpp"
#include "unit_store_tools/exported.hpp"
#include "unit_store_tools/mosquitto_bytes.hpp"
#include "store/open.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::tomboctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'750'000'000;

/// The lines that an export of what was imported has, without the first and the last.
std::vector<std::string> imported(const MosquittoBytes& bytes, std::uint64_t* qos0_left_out = nullptr) {
  const auto file = store::read_mosquitto_file(bytes.bytes());
  EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().text);
  const auto engine = store::make_memory_engine();
  store::StoreWriter writer(*engine, store::StoreWriter::kBatchBytes);
  EXPECT_TRUE(writer.begin().ok());
  const auto done = store::import_mosquitto(*file, kNow, writer);
  EXPECT_TRUE(done.ok());
  if (qos0_left_out != nullptr) *qos0_left_out = done->qos0_left_out;
  const auto totals = check_store(*engine, [](const Finding& finding) { ADD_FAILURE() << finding.text; });
  EXPECT_TRUE(totals.ok());
  std::vector<std::string> lines;
  std::istringstream text(exported(*engine));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  lines.erase(lines.begin());
  lines.pop_back();
  return lines;
}

TEST(MosquittoImport, TakesOverSessionsAndSubscriptions) {
  EXPECT_THAT(
      imported(MosquittoBytes().client("away", 1000, 1'700'001'000, "anna").client("lasting").subscription("away", "t/#", 2, 4 | 8, 300)),
      ElementsAre(R"({"kind":"session","session":1,"client_id":"away","expiry_s":1000,"left_at":1700000000,"user_name":"anna"})",
                  R"({"kind":"session","session":2,"client_id":"lasting","expiry_s":4294967295})",
                  R"({"kind":"subscription","session":1,"filter":"t/#","qos":2,"no_local":true,"retain_as_published":true,"subscription_id":300})"));
}

TEST(MosquittoImport, NumbersSharedSubscriptionsOfASession) {
  const auto lines = imported(MosquittoBytes().client("c").subscription("c", "$share/g/a").subscription("c", "b").subscription("c", "$share/g/c"));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[1], HasSubstr(R"("filter":"$share/g/a","qos":1,"share_number":1)"));
  EXPECT_THAT(lines[2], HasSubstr(R"("filter":"$share/g/c","qos":1,"share_number":2)"));
  EXPECT_EQ(lines[3], R"({"kind":"subscription","session":1,"filter":"b","qos":1})");
}

TEST(MosquittoImport, KeepsTheStateOfEachMessageOnItsWay) {
  EXPECT_THAT(imported(MosquittoBytes()
                           .message({1, "a", "one", 1})
                           .message({2, "b", "two", 2})
                           .message({3, "c", "three", 2})
                           .message({4, "d", "four", 1, false, 1'800'000'000, std::string("\x09\x01\x01\x26\x00\x01k\x00\x01v", 10)})
                           .client("c")
                           .exchange({"c", 1, 7, 1, 3})
                           .exchange({"c", 2, 8, 2, 5})
                           .exchange({"c", 3, 9, 2, 9})
                           .exchange({"c", 4, 10, 1, 11, 0x10, 1, std::string("\x02\x0b\x07", 3)})),
              ElementsAre(R"({"kind":"session","session":1,"client_id":"c","expiry_s":4294967295})",
                          R"({"kind":"delivery","session":1,"qos":1,"packet_id":7,"bytes":4,"body":{"topic":"a","payload":"one","qos":1,"received_at":1750000000}})",
                          R"({"kind":"delivery","session":1,"qos":2,"packet_id":8,"bytes":4,"body":{"topic":"b","payload":"two","qos":2,"received_at":1750000000}})",
                          R"({"kind":"delivery","session":1,"qos":2,"released":true,"packet_id":9})",
                          "{\"kind\":\"delivery\",\"session\":1,\"qos\":1,\"retain\":true,\"subscription_ids\":[7],\"bytes\":14,\"body\":{\"topic\":\"d\","
                          "\"payload\":\"four\",\"properties\":\"\\u0001\\u0001&\\u0000\\u0001k\\u0000\\u0001v\",\"qos\":1,"
                          "\"received_at\":1750000000,\"expires_at\":1800000000}}"));
}

TEST(MosquittoImport, KeepsAMessageForSeveralOnce) {
  EXPECT_THAT(imported(MosquittoBytes().message({1, "a", "x", 1}).client("c").client("d").exchange({"c"}).exchange({"d"})),
              ElementsAre(R"({"kind":"message","message":1,"topic":"a","payload":"x","qos":1,"received_at":1750000000})",
                          R"({"kind":"session","session":1,"client_id":"c","expiry_s":4294967295})",
                          R"({"kind":"session","session":2,"client_id":"d","expiry_s":4294967295})",
                          R"({"kind":"delivery","session":1,"message":1,"qos":1,"bytes":2})",
                          R"({"kind":"delivery","session":2,"message":1,"qos":1,"bytes":2})"));
}

TEST(MosquittoImport, HandsOnWhatMosquittoHeldBackUntilPubrel) {
  const auto lines = imported(MosquittoBytes()
                                  .message({1, "t/1", "held", 2, true})
                                  .client("from")
                                  .client("plain")
                                  .client("twice")
                                  .client("shares")
                                  .client("too")
                                  .exchange({"from", 1, 9, 2, 7, 0, 0})
                                  .subscription("from", "t/#", 2, 4)
                                  .subscription("plain", "t/+", 1)
                                  .subscription("plain", "other", 1)
                                  .subscription("twice", "t/1", 1, 0, 5)
                                  .subscription("twice", "#", 2, 8, 6)
                                  .subscription("shares", "$share/g/t/1", 2)
                                  .subscription("too", "$share/g/t/1", 2));
  std::vector<std::string> rest(lines.end() - 5, lines.end());
  EXPECT_THAT(rest, ElementsAre(R"({"kind":"received","session":1,"packet_id":9})",
                                R"({"kind":"delivery","session":2,"message":1,"qos":1,"bytes":7})",
                                R"({"kind":"delivery","session":3,"message":1,"qos":2,"retain":true,"subscription_ids":[5,6],"bytes":7})",
                                R"({"kind":"delivery","session":4,"message":1,"qos":2,"bytes":7})",
                                R"({"kind":"retained","topic":"t/1","payload":"held","qos":2,"retain":true,"received_at":1750000000})"));
}

TEST(MosquittoImport, ForgetsWhatItsClientSendsAgainOrHasEnded) {
  const auto lines = imported(
      MosquittoBytes().message({1, "t", "x", 2}).client("c").exchange({"c", 1, 4, 2, 11, 0, 0}).exchange({"c", 1, 5, 2, 8, 0, 0}).subscription("c", "t"));
  EXPECT_EQ(lines.size(), 2u);
}

TEST(MosquittoImport, LeavesOutQueuedMessagesOfQos0) {
  std::uint64_t left_out = 0;
  const auto lines = imported(MosquittoBytes().message({1, "t", "x", 0}).client("c").exchange({"c", 1, 0, 0, 11}), &left_out);
  EXPECT_EQ(lines.size(), 1u);
  EXPECT_EQ(left_out, 1u);
}

TEST(MosquittoImport, TakesOverRetainedMessages) {
  EXPECT_THAT(imported(MosquittoBytes().message({2, "r/2", "b", 0, true}).message({1, "r/1", "a", 1, true, 1'800'000'000}).retained(2).retained(1)),
              ElementsAre(R"({"kind":"retained","topic":"r/1","payload":"a","qos":1,"retain":true,"received_at":1750000000,"expires_at":1800000000})",
                          R"({"kind":"retained","topic":"r/2","payload":"b","qos":0,"retain":true,"received_at":1750000000})"));
}

}  // namespace
}  // namespace tombo::tomboctl
