#include "control/server.hpp"

#include "unit_app/temp_dir.hpp"
#include "unit_control/talk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

// The socket with its thread: a shard that turns on a thread of its own, and peers of every kind.

namespace tombo::test {

using ::testing::HasSubstr;

namespace {

/// A shard that turns whenever it has mail, as a ShardLoop would.
class TurningShards {
 public:
  explicit TurningShards(unsigned shards)
      : core_({shards, std::make_shared<const config::Options>(VirtualBroker::default_options()), 1, {}, &clock_, &everybody_, "test"}) {
    for (unsigned i = 0; i < shards; ++i) {
      threads_.emplace_back([this, id = static_cast<routing::ShardId>(i)] { run(id); });
    }
  }
  ~TurningShards() {
    stop_ = true;
    for (auto& thread : threads_) thread.join();
  }
  broker::Core& core() { return core_; }

 private:
  void run(routing::ShardId id) {
    broker::Shard shard(core_, id, nullptr);
    while (!stop_) {
      shard.begin_turn();
      shard.end_turn();
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
  }
  SystemClock clock_;
  auth::AnonymousOnly everybody_{true};
  broker::Core core_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// A blocking peer.
class Peer {
 public:
  explicit Peer(const std::string& path) : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{10, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Peer() { ::close(descriptor_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool connected() const { return connected_; }
  void send(const std::string& text) { static_cast<void>(::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL)); }
  void send_no_more() { ::shutdown(descriptor_, SHUT_WR); }
  /// The next line; empty when the broker has closed.
  std::string line() {
    std::size_t end;
    while ((end = in_.find('\n')) == std::string::npos) {
      char buffer[4096];
      const ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
      if (count <= 0) return {};
      in_.append(buffer, static_cast<std::size_t>(count));
    }
    std::string line = in_.substr(0, end);
    in_.erase(0, end + 1);
    return line;
  }
  Json ask(const std::string& command, Json arguments = Json::object()) {
    send(Talk::request(command, std::move(arguments)));
    return Json::parse(line(), nullptr, false);
  }

 private:
  int descriptor_;
  bool connected_ = false;
  std::string in_;
};

class ControlServer : public ::testing::Test {
 protected:
  control::Server& start(control::Limits limits = {}) {
    server_ = std::make_unique<control::Server>(control::Server::Parts{shards_.core(), {}, &levels_, {}, limits});
    const auto started = server_->start(path_, 0600);
    EXPECT_TRUE(started) << started.error();
    return *server_;
  }

  app::TempDir dir_;
  std::string path_ = dir_.file("control.sock");
  log::Logger::Levels levels_;
  TurningShards shards_{2};
  std::unique_ptr<control::Server> server_;
};

}  // namespace

TEST_F(ControlServer, AnswersOverTheSocket) {
  start();
  Peer peer(path_);
  EXPECT_EQ(peer.ask("status")["result"]["version"], "test");
  EXPECT_EQ(peer.ask("sessions.list")["more"], false);
  EXPECT_EQ(peer.ask("clients.top", {{"interval_ms", 100}})["rows"].size(), 0u);
  EXPECT_EQ(peer.ask("drain.begin")["result"]["draining"], true);
  EXPECT_EQ(peer.ask("drain.end")["result"]["draining"], false);
}

TEST_F(ControlServer, IsForItsOwnerAloneAndGoesAtTheEnd) {
  start();
  struct stat file {};
  ASSERT_EQ(::stat(path_.c_str(), &file), 0);
  EXPECT_TRUE(S_ISSOCK(file.st_mode));
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_NE(::stat((path_ + ".new").c_str(), &file), 0);
  server_.reset();
  EXPECT_NE(::lstat(path_.c_str(), &file), 0);
}

TEST_F(ControlServer, SaysThatASocketIsInUseAndLeavesItAlone) {
  start();
  control::Server second({shards_.core(), {}, &levels_});
  const auto started = second.start(path_, 0600);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr("in use by another tombo"));
  Peer peer(path_);
  EXPECT_TRUE(peer.ask("status").contains("result"));
}

TEST_F(ControlServer, TakesThePlaceOfADeadSocketAndOfNothingElse) {
  {
    const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(dead);
  }
  start();
  Peer peer(path_);
  EXPECT_TRUE(peer.ask("status").contains("result"));
  const std::string file = dir_.write("precious", "data");
  control::Server other({shards_.core(), {}, &levels_});
  const auto started = other.start(file, 0600);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr("no socket"));
  EXPECT_EQ(dir_.read("precious"), "data");
  EXPECT_FALSE(other.start(dir_.file("no/such/folder"), 0600));
}

TEST_F(ControlServer, TellsThoseWhoAreTooMany) {
  control::Limits limits;
  limits.connections_max = 3;
  start(limits);
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(std::make_unique<Peer>(path_));
    EXPECT_TRUE(peers.back()->ask("status").contains("result"));
  }
  {
    Peer surplus(path_);
    EXPECT_THAT(surplus.line(), HasSubstr("busy"));
    EXPECT_EQ(surplus.line(), "");
  }
  peers.clear();
  Json answer;
  for (int i = 0; i < 100 && !answer.contains("result"); ++i) answer = Peer(path_).ask("status");
  EXPECT_TRUE(answer.contains("result"));
}

TEST_F(ControlServer, ClosesOnLongLinesSilenceAndThoseWhoDoNotRead) {
  control::Limits limits;
  limits.request_bytes_max = 1000;
  limits.idle = Milliseconds{200};
  limits.slow_reader = Milliseconds{200};
  start(limits);
  Peer endless(path_);
  endless.send(std::string(50'000, 'x'));
  EXPECT_THAT(endless.line(), HasSubstr("too_large"));
  EXPECT_EQ(endless.line(), "");
  Peer half(path_);
  half.send("{\"v\":1,");
  EXPECT_EQ(half.line(), "");
  Peer deaf(path_);
  for (int i = 0; i < 2000; ++i) deaf.send(Talk::request("status"));
  std::this_thread::sleep_for(std::chrono::milliseconds{600});
  int lines = 0;
  while (!deaf.line().empty()) ++lines;
  EXPECT_LT(lines, 2000);
  EXPECT_TRUE(Peer(path_).ask("status").contains("result"));
}

TEST_F(ControlServer, ServesManyPeersAtOnceWhileOthersComeAndGo) {
  start();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        Peer peer(path_);
        if (i % 5 == 4) {
          peer.send(Talk::request("subscriptions.list"));  // and away without reading
          continue;
        }
        const Json answer = peer.ask(t % 2 == 0 ? "queues.list" : "retained.list");
        good += answer.contains("rows") ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 6 * 16);
}

TEST_F(ControlServer, AnswersWhoSaysItAllAndClosesItsHalf) {
  start();
  Peer peer(path_);
  peer.send(Talk::request("sessions.list") + Talk::request("status"));
  peer.send_no_more();
  EXPECT_THAT(peer.line(), HasSubstr("rows"));
  EXPECT_THAT(peer.line(), HasSubstr("uptime_s"));
  EXPECT_EQ(peer.line(), "");
}

TEST_F(ControlServer, StopsWhileQuestionsAreOut) {
  start();
  Peer peer(path_);
  peer.send(Talk::request("clients.top", {{"interval_ms", 60000}}));
  Peer other(path_);
  other.send(Talk::request("retained.list"));
  server_->stop();
  EXPECT_TRUE(other.line().empty() || true);  // it may have been answered before
  EXPECT_EQ(peer.line(), "");
}

}  // namespace tombo::test
