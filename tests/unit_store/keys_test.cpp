#include "store/rows.hpp"

#include <algorithm>
#include <limits>

namespace tombo::store {
namespace {

TEST(Keys, SortAsTheirNumbersDo) {
  const std::vector<std::uint64_t> numbers{0, 1, 127, 128, 255, 256, 65535, 65536, 1ULL << kEpochShift, 1ULL << 63,
                                           std::numeric_limits<std::uint64_t>::max()};
  std::vector<std::string> keys;
  for (const std::uint64_t session : numbers) {
    for (const std::uint64_t seq : numbers) keys.push_back(delivery_key(session, seq));
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

TEST(Keys, GiveTheirNumbersBack) {
  const std::string key = delivery_key(0x0102030405060708, 0xF1F2F3F4F5F6F7F8);
  EXPECT_EQ(number_in_key(key), 0x0102030405060708U);
  EXPECT_EQ(seq_in_key(key), 0xF1F2F3F4F5F6F7F8U);
  EXPECT_EQ(number_in_key(session_key(7)), 7U);
  EXPECT_EQ(number_in_key(head_key(7)), 7U);
  EXPECT_EQ(number_in_key(message_key(7)), 7U);
  EXPECT_EQ(number_in_key(subscription_key(7, "a/#")), 7U);
  EXPECT_EQ(subscription_key(7, "a/#").substr(9), "a/#");
  EXPECT_EQ(received_key(7, 0x0102).substr(9), std::string("\x01\x02", 2));
  EXPECT_EQ(number_in_key("s1234567"), 0U);
  EXPECT_EQ(seq_in_key(session_key(7)), 0U);
}

TEST(Keys, OfOneSessionLieInTheRangeOfItsPrefix) {
  for (const SessionNumber session : {SessionNumber{0}, SessionNumber{255}, std::numeric_limits<SessionNumber>::max()}) {
    const std::string prefix = 'q' + session_key(session).substr(1);
    const std::string end = after_prefix(prefix);
    EXPECT_LE(prefix, delivery_key(session, 0));
    EXPECT_LT(delivery_key(session, std::numeric_limits<Seq>::max()), end);
    EXPECT_LE(end, session == std::numeric_limits<SessionNumber>::max() ? "r" : delivery_key(session + 1, 0));
  }
  EXPECT_EQ(after_prefix("a"), "b");
  EXPECT_EQ(after_prefix(std::string("a\xFF")), "b");
  EXPECT_EQ(after_prefix("\xFF"), "");
}

}  // namespace
}  // namespace tombo::store
