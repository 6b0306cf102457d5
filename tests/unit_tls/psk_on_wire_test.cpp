#include "filter/tls/psk_on_wire.hpp"

#include "filter/tls/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::filter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string size_of(std::size_t value, unsigned count) {
  std::string bytes;
  while (count-- > 0) bytes += static_cast<char>(value >> (8 * count) & 0xFF);
  return bytes;
}

std::string with_size(const std::string& text, unsigned count) {
  return size_of(text.size(), count) + text;
}

std::string offer(const std::string& identity) {
  return with_size(identity, 2) + "age!";
}

std::string message(char type, const std::string& body) {
  return std::string(1, type) + with_size(body, 3);
}

// RFC 8446 4.2.11: identities with the ages of tickets, and behind them binders.
TEST(OfferedIdentities, AreInTheOrderOfTheClient) {
  const std::string all = with_size(offer("first") + offer("second"), 2) + with_size(std::string(33, 'b'), 2);
  EXPECT_THAT(offered_identities(bytes_of(all)), ElementsAre("first", "second"));
}

TEST(OfferedIdentities, EndWhereTheyAreCutOff) {
  const std::string all = with_size(offer("first") + offer("second"), 2);
  for (std::size_t size = 0; size < all.size(); ++size) {
    const auto found = offered_identities(bytes_of(all.substr(0, size)));
    EXPECT_EQ(found.size(), size < 2 + offer("first").size() ? 0U : 1U) << size;
  }
}

TEST(OfferedIdentities, AreNotMoreThanTheListClaims) {
  EXPECT_THAT(offered_identities(bytes_of(size_of(offer("a").size(), 2) + offer("a") + offer("b"))), ElementsAre("a"));
  EXPECT_THAT(offered_identities(bytes_of(size_of(0, 2) + offer("a"))), IsEmpty());
  EXPECT_THAT(offered_identities(bytes_of("\xff\xff\xff\xff")), IsEmpty());
}

TEST(OfferedIdentities, AreBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += offer("i");
  EXPECT_EQ(offered_identities(bytes_of(with_size(many, 2))).size(), kPskOffersMax);
}

/// What a reader finds that is given so many bytes at once.
std::optional<std::string> found_in(const std::string& flight, std::size_t step) {
  KeyExchangeReader reader;
  std::optional<std::string> found;
  for (std::size_t at = 0; at < flight.size(); at += step) {
    const std::string piece = flight.substr(at, step);
    if (auto identity = reader.take(bytes_of(piece))) {
      EXPECT_FALSE(found) << "twice";
      found = std::move(identity);
    }
  }
  return found;
}

std::optional<std::string> found_in(const std::string& flight) {
  const auto found = found_in(flight, flight.size());
  for (const std::size_t step : {1U, 2U, 3U, 7U}) EXPECT_EQ(found_in(flight, step), found) << step;
  return found;
}

// RFC 4279 2 to 4, RFC 5489 2: the identity is first, whatever comes behind.
TEST(KeyExchangeReader, FindsTheIdentity) {
  EXPECT_EQ(found_in(message(16, with_size("meter-1", 2))), "meter-1");
  EXPECT_EQ(found_in(message(16, with_size("meter-1", 2) + std::string(256, 'p'))), "meter-1");
  EXPECT_EQ(found_in(message(16, with_size("", 2))), "");
  EXPECT_EQ(found_in(message(16, with_size(std::string(kPskIdentityBytesMax, 'i'), 2))),
            std::string(kPskIdentityBytesMax, 'i'));
}

TEST(KeyExchangeReader, PassesOverWhatComesBefore) {
  EXPECT_EQ(found_in(message(11, std::string(3000, 'c')) + message(11, "") + message(16, with_size("a", 2)) +
                     message(15, "v")),
            "a");
}

TEST(KeyExchangeReader, SaysNothingOfWhatIsCutOff) {
  const std::string whole = message(16, with_size("meter-1", 2));
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_EQ(found_in(whole.substr(0, size)), std::nullopt) << size;
}

TEST(KeyExchangeReader, GivesUpOnLengthsThatCannotBe) {
  const std::string good = message(16, with_size("later", 2));
  EXPECT_EQ(found_in(message(16, "") + good), std::nullopt);
  EXPECT_EQ(found_in(message(16, "x") + good), std::nullopt);
  EXPECT_EQ(found_in(message(16, size_of(9, 2) + "short") + good), std::nullopt);
  EXPECT_EQ(found_in(message(16, with_size(std::string(kPskIdentityBytesMax + 1, 'i'), 2)) + good), std::nullopt);
  EXPECT_EQ(found_in(message(16, size_of(0xFFFF, 2) + "x") + good), std::nullopt);
  EXPECT_EQ(found_in(std::string(1, 11) + size_of(0xFFFFFF, 3) + good), std::nullopt);
}

TEST(KeyExchangeReader, LooksAtNothingBehindTheEnd) {
  KeyExchangeReader reader;
  reader.end();
  EXPECT_EQ(reader.take(bytes_of(message(16, with_size("a", 2)))), std::nullopt);
}

}  // namespace
}  // namespace tombo::filter
