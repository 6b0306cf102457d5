#pragma once

#include "plugin/plugin_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <string>
#include <vector>

#include <unistd.h>

namespace tombo::plugin::test {

/// How long a test waits for what must come; so long only when it fails.
constexpr std::chrono::seconds kPatience{20};

/// A value that comes from another thread, exactly once.
template <class T>
class Awaited {
 public:
  std::function<void(T)> setter() {
    return [state = state_](T value) {
      const std::lock_guard lock{state->mutex};
      ++state->count;
      state->value = std::move(value);
      state->came.notify_all();
    };
  }
  T wait() {
    std::unique_lock lock{state_->mutex};
    if (!state_->came.wait_for(lock, kPatience, [&] { return state_->value.has_value(); })) {
      ADD_FAILURE() << "it never came";
      return T{};
    }
    return *state_->value;
  }
  int count() const {
    const std::lock_guard lock{state_->mutex};
    return state_->count;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<T> value;
    int count = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Time that any thread may read and the test turns.
class SharedClock final : public Clock {
 public:
  MonoTime mono() const override { return MonoTime{Milliseconds{now_.load()}}; }
  std::int64_t unix_seconds() const override { return 1'700'000'000 + now_.load() / 1000; }
  void advance(Milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000};
};

/// What plugins asked of the broker, and what they wrote into its log.
class Recorder final : public HostActions, public log::Sink {
 public:
  bool publish(OwnMessage message) override {
    const std::lock_guard lock{mutex_};
    messages_.push_back(std::move(message));
    came_.notify_all();
    return takes_;
  }
  bool kick(std::string client_id, mqtt::ReasonCode reason) override {
    const std::lock_guard lock{mutex_};
    kicked_.emplace_back(std::move(client_id), reason);
    came_.notify_all();
    return takes_;
  }
  void write(log::Module, log::Level, std::string_view line) override {
    const std::lock_guard lock{mutex_};
    lines_.emplace_back(line);
    came_.notify_all();
  }

  /// Waits for the `nth` message with this topic and gives its payload.
  std::string wait_for(std::string_view topic, std::size_t nth = 1) {
    std::unique_lock lock{mutex_};
    std::string found;
    const bool came = came_.wait_for(lock, kPatience, [&] {
      std::size_t seen = 0;
      for (const auto& message : messages_) {
        if (message.topic == topic && ++seen == nth) {
          found = message.payload;
          return true;
        }
      }
      return false;
    });
    if (!came) ADD_FAILURE() << "no message " << nth << " with topic " << topic;
    return found;
  }
  bool wait_for_line(std::string_view part) {
    std::unique_lock lock{mutex_};
    return came_.wait_for(lock, kPatience, [&] {
      return std::any_of(lines_.begin(), lines_.end(),
                         [&](const auto& line) { return line.find(part) != std::string::npos; });
    });
  }
  std::pair<std::string, mqtt::ReasonCode> wait_for_kick() {
    std::unique_lock lock{mutex_};
    came_.wait_for(lock, kPatience, [&] { return !kicked_.empty(); });
    return kicked_.empty() ? std::pair<std::string, mqtt::ReasonCode>{} : kicked_.front();
  }
  std::size_t count(std::string_view topic) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(
        std::count_if(messages_.begin(), messages_.end(), [&](const auto& message) { return message.topic == topic; }));
  }
  std::size_t count_lines(std::string_view part) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }
  std::vector<OwnMessage> messages() const {
    const std::lock_guard lock{mutex_};
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<OwnMessage> messages_;
  std::vector<std::pair<std::string, mqtt::ReasonCode>> kicked_;
  std::vector<std::string> lines_;
  bool takes_ = true;
};

/// A file that is not there until the gate is opened.
class Gate {
 public:
  Gate() {
    static std::atomic<int> number{0};
    const std::string name = "tombo-gate-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    path_ = std::filesystem::temp_directory_path() / name;
  }
  ~Gate() { std::filesystem::remove(path_); }
  void open() const { std::ofstream{path_} << "open"; }
  std::string option() const { return "gate=" + path_.string(); }

 private:
  std::filesystem::path path_;
};

inline config::Plugin section(const std::string& name, const std::string& file, std::vector<std::string> options = {}) {
  config::Plugin made;
  made.name = name;
  made.path = TEST_PLUGINS + file + ".so";
  made.options = std::move(options);
  return made;
}

/// Plugins with all that they need.
class PluginTest : public ::testing::Test {
 protected:
  ~PluginTest() override { plugins_.reset(); }

  std::vector<std::string> try_load(const std::vector<config::Plugin>& sections) {
    auto loaded = Plugins::load(sections, clock_, {recorder_, levels_, log::Module::auth}, recorder_);
    if (!loaded) return loaded.error();
    plugins_ = std::move(loaded.value());
    return {};
  }
  void load(const std::vector<config::Plugin>& sections) { ASSERT_THAT(try_load(sections), ::testing::IsEmpty()); }

  /// Lets time pass, and sees to it that everybody notices.
  void advance(Milliseconds by) {
    clock_.advance(by);
    plugins_->ring();
  }

  static std::shared_ptr<const auth::Login> login(const std::string& user_name, const std::string& password = "") {
    auto login = std::make_shared<auth::Login>();
    login->client_id = "client-of-" + user_name;
    login->has_user_name = true;
    login->user_name = user_name;
    login->has_password = true;
    login->password = password;
    auto peer = std::make_shared<auth::Peer>();
    peer->address = "192.0.2.1:40000";
    login->peer = peer;
    return login;
  }
  auth::Verdict ask(const std::string& user_name, const std::string& password = "", const std::string& plugin = "plugin:p") {
    Awaited<auth::Verdict> verdict;
    plugins_->backend(plugin)->ask(login(user_name, password), verdict.setter());
    return verdict.wait();
  }

  ClientView client(const std::string& id) {
    client_id_ = id;
    return {client_id_, auth::nobody(), peer_, 0, mqtt::Version::v5};
  }
  PluginStatus status(std::size_t which = 0) const { return plugins_->status().at(which); }

  SharedClock clock_;
  Recorder recorder_;
  log::Logger::Levels levels_;
  std::string client_id_;
  std::shared_ptr<const auth::Peer> peer_ = std::make_shared<const auth::Peer>();
  std::unique_ptr<Plugins> plugins_;
};

}  // namespace tombo::plugin::test
