#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tombo {
namespace {

TEST(Base64, IsTheUsualOne) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

TEST(Base64, ReadsWhatItWrote) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(base64(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, ReadsNothingElse) {
  for (const auto* bad : {"Z", "Zg", "Zg=", "Zg==Zg==", "=", "====", "Z===", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm_v", "Z=g="}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

}  // namespace
}  // namespace tombo
