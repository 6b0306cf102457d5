#include "unit_tls/arrange.hpp"

#include <atomic>
#include <thread>

namespace tombo::test {
namespace {

/// Shards share one TlsServer.
TEST_F(TlsTest, ServesSeveralThreadsWhileItIsReplaced) {
  options.psk_file = files.write("psk", "sensor:00112233445566778899aabbccddeeff\n");
  ask(config::ClientCertificate::optional);
  const Issued shown = issue("x");
  manner.certificate = &shown;
  load();
  std::atomic<int> resumed = 0;
  std::vector<std::thread> shards;
  for (int i = 0; i < 3; ++i) {
    shards.emplace_back([this, shared = server, &resumed] {
      auto mine = shared;
      Manner own_manner = manner;
      SessionPtr kept;
      for (int round = 0; round < 20; ++round) {
        own_manner.resumes = kept.get();
        Pair pair(mine->make_filter(), own_manner);
        ASSERT_TRUE(pair.talk()) << pair.server->why();
        ASSERT_TRUE(pair.server->open());
        EXPECT_EQ(pair.peer().certificate_cn, "x");
        pair.client.read();
        resumed += pair.client.resumed() ? 1 : 0;
        kept = pair.client.session();
        if (round % 5 == 4) {
          auto loaded = filter::TlsServer::load(options, mine.get());
          ASSERT_TRUE(loaded.ok());
          mine = *loaded;
        }
      }
    });
  }
  for (std::thread& shard : shards) shard.join();
  EXPECT_EQ(resumed, 3 * 19);
}

}  // namespace
}  // namespace tombo::test
