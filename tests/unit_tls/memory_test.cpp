#include "unit_tls/arrange.hpp"

#include <malloc.h>

namespace tombo::test {
namespace {

TEST_F(TlsTest, HoldsLittleForAnIdleConnection) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    manner.version_min = manner.version_max = version;
    connect();  // what OpenSSL makes once
    constexpr std::size_t kConnections = 100;
    std::vector<std::unique_ptr<filter::ByteFilter>> idle;
    idle.reserve(kConnections);
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < kConnections; ++i) {
      auto pair = connect();
      pair->client.write("something");
      ASSERT_TRUE(pair->talk() && pair->send("and something back"));
      idle.push_back(std::move(pair->server));
    }
    const std::size_t each = (::mallinfo2().uordblks - before) / kConnections;
    if (each == 0) GTEST_SKIP() << "another allocator, which glibc's mallinfo2() does not know";
    EXPECT_LT(each, 15'500U);
    EXPECT_NEAR(static_cast<double>(idle.back()->memory()), static_cast<double>(each), 1'500);
  }
}

TEST_F(TlsTest, HoldsNextToNothingForOneThatSaysNothing) {
  load();
  EXPECT_LT(server->make_filter()->memory(), 300U);
}

}  // namespace
}  // namespace tombo::test
