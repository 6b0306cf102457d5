#include "session/topic_aliases.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tombo::test {

using session::InboundAliases;
using session::OutboundAliases;

TEST(InboundAliases, KeepWhatTheClientSaidLast) {
  InboundAliases aliases;
  EXPECT_EQ(aliases.find(3), "");
  aliases.set(3, "a");
  EXPECT_EQ(aliases.find(3), "a");
  EXPECT_EQ(aliases.find(2), "");
  aliases.set(3, "b");
  EXPECT_EQ(aliases.find(3), "b");
  EXPECT_EQ(aliases.find(4), "");
}

TEST(OutboundAliases, GoToATopicTheSecondTimeItIsSent) {
  OutboundAliases aliases(2);
  EXPECT_EQ(aliases.use("a").alias, 0);
  const auto second = aliases.use("a");
  EXPECT_NE(second.alias, 0);
  EXPECT_FALSE(second.known);
  const auto third = aliases.use("a");
  EXPECT_EQ(third.alias, second.alias);
  EXPECT_TRUE(third.known);
}

TEST(OutboundAliases, TakeThePlaceOfTheTopicThatWasUsedLongestAgo) {
  OutboundAliases aliases(2);
  const auto alias_of = [&](const std::string& topic) {
    aliases.use(topic);
    return aliases.use(topic).alias;
  };
  const auto a = alias_of("a");
  const auto b = alias_of("b");
  ASSERT_NE(a, b);
  aliases.use("a");  // b is now the one used longest ago
  EXPECT_EQ(alias_of("c"), b);
  EXPECT_TRUE(aliases.use("a").known);
  EXPECT_FALSE(aliases.use("b").known);
}

TEST(OutboundAliases, StayWithinTheMaximumWhateverIsSent) {
  OutboundAliases aliases(3);
  for (int round = 0; round < 20; ++round) {
    for (int topic = 0; topic < 10; ++topic) {
      const auto name = "t" + std::to_string(topic);
      EXPECT_LE(aliases.use(name).alias, 3);
      EXPECT_LE(aliases.use(name).alias, 3);
    }
  }
}

TEST(OutboundAliases, AreNotKnownToThePeerThatWasNotTold) {
  OutboundAliases aliases(1);
  aliases.use("a");
  const auto use = aliases.use("a");
  ASSERT_NE(use.alias, 0);
  aliases.forget(use.alias);
  EXPECT_FALSE(aliases.use("a").known);
  EXPECT_TRUE(aliases.use("a").known);
}

}  // namespace tombo::test
