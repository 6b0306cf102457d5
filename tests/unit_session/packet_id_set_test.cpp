#include "session/packet_id_set.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketId;
using session::PacketIdSet;

TEST(PacketIdSet, RemembersEachIdentifierOnce) {
  PacketIdSet set;
  EXPECT_FALSE(set.contains(7));
  EXPECT_TRUE(set.insert(7));
  EXPECT_FALSE(set.insert(7));
  EXPECT_TRUE(set.contains(7));
  EXPECT_EQ(set.size(), 1u);
  EXPECT_TRUE(set.erase(7));
  EXPECT_FALSE(set.erase(7));
  EXPECT_EQ(set.size(), 0u);
}

TEST(PacketIdSet, TellsNeighboursApartAtTheEdgesOfItsPieces) {
  PacketIdSet set;
  for (const PacketId id : {PacketId{1}, PacketId{1023}, PacketId{1024}, PacketId{2048}, PacketId{65535}}) {
    EXPECT_TRUE(set.insert(id));
    EXPECT_FALSE(set.contains(static_cast<PacketId>(id - 1)) && id != 1024);
  }
  EXPECT_TRUE(set.erase(1024));
  EXPECT_TRUE(set.contains(1023));
  EXPECT_FALSE(set.contains(1025));
}

TEST(PacketIdSet, HoldsAllIdentifiersAndIsCleanWhenAPieceIsUsedAgain) {
  PacketIdSet set;
  for (unsigned id = 1; id <= 65535; ++id) ASSERT_TRUE(set.insert(static_cast<PacketId>(id)));
  EXPECT_EQ(set.size(), 65535u);
  for (unsigned id = 1; id <= 65535; ++id) ASSERT_TRUE(set.erase(static_cast<PacketId>(id)));
  EXPECT_EQ(set.size(), 0u);
  ASSERT_TRUE(set.insert(40'000));
  for (unsigned id = 1; id <= 65535; ++id) EXPECT_EQ(set.contains(static_cast<PacketId>(id)), id == 40'000);
}

}  // namespace tombo::test
