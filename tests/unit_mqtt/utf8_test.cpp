#include "mqtt/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tombo::mqtt {
namespace {

/// Encodes any value below 2^21 in `length` bytes, right or wrong.
std::string encoded(std::uint32_t code, int length) {
  if (length == 1) return std::string(1, static_cast<char>(code));
  std::string text(static_cast<std::size_t>(length), '\0');
  for (int i = length - 1; i > 0; --i, code >>= 6)
    text[static_cast<std::size_t>(i)] = static_cast<char>(0x80 | (code & 0x3F));
  const unsigned mark = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0;
  text[0] = static_cast<char>(mark | code);
  return text;
}

int shortest(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

// covers: 5.0 MQTT-1.5.4-1, 3.1.1 MQTT-1.5.3-1
TEST(Text, AcceptsEveryCodePointButNulAndSurrogates) {
  for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
    const std::string text = encoded(code, shortest(code));
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    ASSERT_EQ(is_valid_text(text), code != 0 && !surrogate) << std::hex << code;
    ASSERT_EQ(is_valid_payload_text(text), !surrogate) << std::hex << code;
  }
}

TEST(Text, RefusesEveryOverlongForm) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    for (int length = shortest(code) + 1; length <= 4; ++length) {
      ASSERT_FALSE(is_valid_text(encoded(code, length))) << std::hex << code << " in " << length;
    }
  }
}

TEST(Text, RefusesWhatLiesAboveTheLastCodePoint) {
  for (std::uint32_t code = 0x110000; code < 0x200000; code += 0x101)
    ASSERT_FALSE(is_valid_text(encoded(code, 4)));
}

TEST(Text, JudgesEveryPairOfBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const bool two_ascii = first >= 1 && first < 0x80 && second >= 1 && second < 0x80;
      const bool one_char = first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF;
      ASSERT_EQ(is_valid_text(text), two_ascii || one_char) << first << ' ' << second;
    }
  }
}

// covers: 5.0 MQTT-1.5.4-2, 3.1.1 MQTT-1.5.3-2
TEST(Text, FindsANulAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size <= 40; ++size) {
    const std::string good(size, 'x');
    ASSERT_TRUE(is_valid_text(good));
    for (std::size_t at = 0; at < size; ++at) {
      std::string bad = good;
      bad[at] = '\0';
      ASSERT_FALSE(is_valid_text(bad)) << size << ' ' << at;
      ASSERT_TRUE(is_valid_payload_text(bad)) << size << ' ' << at;
    }
  }
}

TEST(Text, FindsAStrayByteAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char stray : {'\x80', '\xC0', '\xFF', '\xE2', '\xF0'}) {
        std::string bad(size, 'x');
        bad[at] = stray;
        ASSERT_FALSE(is_valid_text(bad)) << size << ' ' << at;
        ASSERT_FALSE(is_valid_payload_text(bad)) << size << ' ' << at;
      }
    }
  }
}

TEST(Text, AcceptsLongCharactersAtEveryPlaceAndNotTheirBeginnings) {
  for (std::size_t before = 0; before <= 20; ++before) {
    for (const std::string character : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x90\x98", "\xEF\xBB\xBF"}) {
      const std::string text = std::string(before, 'x') + character;
      ASSERT_TRUE(is_valid_text(text));
      ASSERT_TRUE(is_valid_text(text + "yyyyyyyyyyyy" + character));
      for (std::size_t cut = 1; cut < character.size(); ++cut) {
        ASSERT_FALSE(is_valid_text(text.substr(0, text.size() - cut)));
        ASSERT_FALSE(is_valid_text(text.substr(0, text.size() - cut) + "z"));
      }
    }
  }
}

TEST(Text, MayBeEmpty) {
  EXPECT_TRUE(is_valid_text(""));
}

}  // namespace
}  // namespace tombo::mqtt
