#pragma once

#include "auth/backends.hpp"
#include "login_of.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tombo::auth {

/// What every backend must keep to, whatever it does: used by the tests of each.
class BackendContract {
 public:
  struct Known {
    Login login;
    Verdict::Kind verdict;
  };
  using Make = std::function<MadeBackend(Workers&, const Clock&)>;

  BackendContract(Make make, std::vector<Known> logins) : make_(std::move(make)), logins_(std::move(logins)) {}

  /// All of it.
  void hold() const {
    answers_once_and_rightly();
    answers_four_threads();
    answers_when_workers_are_full();
    lets_go_when_it_is_destroyed();
    knows_no_strange_method();
  }

  /// Asks and waits; fails the test after ten seconds.
  static Verdict ask(Backend& backend, const Login& login) {
    const auto box = std::make_shared<Box>();
    backend.ask(std::make_shared<const Login>(login), [box](Verdict verdict) { box->put(std::move(verdict)); });
    return box->wait();
  }

 private:
  static constexpr std::chrono::seconds kPatience{10};

  struct Box {
    std::mutex mutex;
    std::condition_variable wake;
    std::optional<Verdict> verdict;
    int calls = 0;

    void put(Verdict came) {
      const std::lock_guard lock{mutex};
      ++calls;
      verdict = std::move(came);
      wake.notify_all();
    }
    Verdict wait() {
      std::unique_lock lock{mutex};
      EXPECT_TRUE(wake.wait_for(lock, kPatience, [this] { return verdict.has_value(); })) << "no answer";
      return verdict.value_or(Verdict{});
    }
  };

  struct Bench {
    explicit Bench(const Make& make, unsigned threads = 2, std::size_t waiting_max = 10'000) : workers(threads, waiting_max) {
      auto made = make(workers, clock);
      EXPECT_TRUE(made.ok()) << (made.ok() ? "" : ::testing::PrintToString(made.error()));
      if (made) backend = std::move(*made);
    }
    SystemClock clock;
    Workers workers;
    std::unique_ptr<Backend> backend;
  };

  static void expect(const Known& known, const Verdict& verdict) {
    EXPECT_EQ(static_cast<int>(verdict.kind), static_cast<int>(known.verdict)) << known.login.user_name << ": " << verdict.why;
    if (verdict.kind != Verdict::Kind::allow) {
      EXPECT_EQ(verdict.principal, nullptr);
      return;
    }
    ASSERT_NE(verdict.principal, nullptr);
    EXPECT_FALSE(verdict.principal->backend.empty());
  }

  void answers_once_and_rightly() const {
    SCOPED_TRACE("each login is answered once and rightly");
    Bench bench{make_};
    ASSERT_NE(bench.backend, nullptr);
    std::vector<std::shared_ptr<Box>> boxes;
    for (const auto& known : logins_) {
      boxes.push_back(std::make_shared<Box>());
      bench.backend->ask(std::make_shared<const Login>(known.login), [box = boxes.back()](Verdict v) { box->put(std::move(v)); });
    }
    for (std::size_t i = 0; i < boxes.size(); ++i) expect(logins_[i], boxes[i]->wait());
    bench.workers.stop();
    bench.backend.reset();
    for (const auto& box : boxes) {
      EXPECT_EQ(box->calls, 1);
      EXPECT_EQ(box.use_count(), 1) << "the callback is still held";
    }
  }

  void answers_four_threads() const {
    SCOPED_TRACE("four threads ask at the same time");
    Bench bench{make_, 3};
    ASSERT_NE(bench.backend, nullptr);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int round = 0; round < 3; ++round) {
          for (const auto& known : logins_) expect(known, ask(*bench.backend, known.login));
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }

  void answers_when_workers_are_full() const {
    SCOPED_TRACE("nobody is let in who should not be, and nobody waits, when the workers are full");
    Bench bench{make_, 1, 0};
    ASSERT_NE(bench.backend, nullptr);
    for (const auto& known : logins_) {
      const Verdict verdict = ask(*bench.backend, known.login);
      if (verdict.kind == Verdict::Kind::error) {
        EXPECT_EQ(static_cast<int>(verdict.reason), static_cast<int>(mqtt::ReasonCode::server_busy));
      } else {
        expect(known, verdict);
      }
    }
  }

  void lets_go_when_it_is_destroyed() const {
    SCOPED_TRACE("whoever asked is called once or let go, and never called after the backend has gone");
    std::vector<std::shared_ptr<Box>> boxes;
    std::vector<int> calls;
    {
      Bench bench{make_, 1};
      ASSERT_NE(bench.backend, nullptr);
      for (int round = 0; round < 5; ++round) {
        for (const auto& known : logins_) {
          boxes.push_back(std::make_shared<Box>());
          bench.backend->ask(std::make_shared<const Login>(known.login),
                             [box = boxes.back()](Verdict v) { box->put(std::move(v)); });
        }
      }
      bench.workers.stop();
      bench.backend.reset();
      for (const auto& box : boxes) calls.push_back(box->calls);
    }
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      EXPECT_EQ(boxes[i].use_count(), 1) << "the callback is still held";
      EXPECT_LE(boxes[i]->calls, 1);
      EXPECT_EQ(boxes[i]->calls, calls[i]);
    }
  }

  void knows_no_strange_method() const {
    Bench bench{make_};
    ASSERT_NE(bench.backend, nullptr);
    EXPECT_EQ(bench.backend->begin("NO-SUCH-METHOD", std::make_shared<const Login>(logins_.front().login)), nullptr);
  }

  Make make_;
  std::vector<Known> logins_;
};

}  // namespace tombo::auth
