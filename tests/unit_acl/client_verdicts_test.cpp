#include "auth/acl/client_verdicts.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace tombo::auth::acl {
namespace {

struct Asked {
  std::string topic;
  Action action = Action::publish;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  Access access() const { return {action, "c", nobody(), 0, topic, qos, retain}; }
};

AccessAnswer answer(Decision decision, const char* rule) {
  return {decision, mqtt::ReasonCode::not_authorized, std::make_shared<const std::string>(rule)};
}

TEST(ClientVerdicts, RemembersWhatWasDecided) {
  ClientVerdicts verdicts(64, 7);
  EXPECT_EQ(verdicts.find(1, Asked{"a"}.access()), nullptr);
  EXPECT_EQ(verdicts.capacity(), 0u);
  verdicts.remember(1, Asked{"a"}.access(), answer(Decision::deny, "f:1"));
  ASSERT_NE(verdicts.find(1, Asked{"a"}.access()), nullptr);
  EXPECT_EQ(verdicts.find(1, Asked{"a"}.access())->decision, Decision::deny);
  EXPECT_EQ(*verdicts.find(1, Asked{"a"}.access())->rule, "f:1");
}

TEST(ClientVerdicts, TellsApartWhateverAVerdictDependsOn) {
  ClientVerdicts verdicts(64, 7);
  verdicts.remember(1, Asked{"a"}.access(), answer(Decision::allow, "f:1"));
  EXPECT_EQ(verdicts.find(1, Asked{"b"}.access()), nullptr);
  EXPECT_EQ(verdicts.find(1, Asked{"a", Action::receive}.access()), nullptr);
  EXPECT_EQ(verdicts.find(1, Asked{"a", Action::subscribe}.access()), nullptr);
  EXPECT_EQ(verdicts.find(1, Asked{"a", Action::publish, mqtt::Qos::at_least_once}.access()), nullptr);
  EXPECT_EQ(verdicts.find(1, Asked{"a", Action::publish, mqtt::Qos::at_most_once, true}.access()), nullptr);
}

TEST(ClientVerdicts, ForgetsWhenThePolicyChanges) {
  ClientVerdicts verdicts(64, 7);
  verdicts.remember(1, Asked{"a"}.access(), answer(Decision::allow, "f:1"));
  EXPECT_EQ(verdicts.find(2, Asked{"a"}.access()), nullptr);
  verdicts.remember(2, Asked{"b"}.access(), answer(Decision::allow, "f:1"));
  EXPECT_EQ(verdicts.find(2, Asked{"a"}.access()), nullptr);
  EXPECT_EQ(verdicts.find(1, Asked{"a"}.access()), nullptr);
}

TEST(ClientVerdicts, StaysWithinItsBoundAndNeverSaysAnothersVerdict) {
  for (const std::size_t most : {0u, 1u, 5u, 64u, 100u}) {
    ClientVerdicts verdicts(most, most);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 1'000; ++i) {
        const Asked asked{"topic/" + std::to_string(i)};
        const auto* known = verdicts.find(1, asked.access());
        EXPECT_TRUE(known == nullptr || *known->rule == asked.topic);
        verdicts.remember(1, asked.access(), answer(i % 2 == 0 ? Decision::allow : Decision::deny, asked.topic.c_str()));
        if (most != 0) {
          ASSERT_NE(verdicts.find(1, asked.access()), nullptr);
          EXPECT_EQ(*verdicts.find(1, asked.access())->rule, asked.topic);
        }
      }
    }
    EXPECT_LE(verdicts.capacity(), std::max<std::size_t>(most, most == 0 ? 0 : 4));
  }
}

TEST(ClientVerdicts, KeepsNeitherLongTopicsNorAnswersThatAreToCome) {
  ClientVerdicts verdicts(64, 7);
  const Asked long_one{std::string(ClientVerdicts::kTopicBytesMax + 1, 'x')};
  verdicts.remember(1, long_one.access(), answer(Decision::allow, "f:1"));
  EXPECT_EQ(verdicts.find(1, long_one.access()), nullptr);
  verdicts.remember(1, Asked{"a"}.access(), answer(Decision::pending, ""));
  EXPECT_EQ(verdicts.find(1, Asked{"a"}.access()), nullptr);
}

}  // namespace
}  // namespace tombo::auth::acl
