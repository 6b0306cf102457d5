#include "filter/first_bytes.hpp"

#include <gtest/gtest.h>

#include <array>

namespace {

using namespace tombo::filter;

TEST(FirstBytes, TellWhatIsSpoken) {
  EXPECT_EQ(first_bytes({}), Spoken::nothing_yet);
  for (unsigned value = 0; value < 256; ++value) {
    const std::array bytes{static_cast<std::uint8_t>(value), std::uint8_t{'E'}};
    const Spoken expected = value == 0x10                  ? Spoken::mqtt
                            : value == 0x16                ? Spoken::tls
                            : value >= 'A' && value <= 'Z' ? Spoken::http
                                                           : Spoken::other;
    EXPECT_EQ(first_bytes(bytes), expected) << value;
  }
}

}  // namespace
