#include "app/log_sinks.hpp"

#include "app/log_lines.hpp"
#include "app/log_time.hpp"
#include "app/systemd.hpp"

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>

#include <fcntl.h>
#include <poll.h>
#include <syslog.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

namespace tombo::app {

namespace {

using Clock = std::chrono::steady_clock;
using BaseSink = spdlog::sinks::base_sink<std::mutex>;

/// When the writing thread must be done; far away until the broker ends.
struct Deadline {
  std::atomic<Clock::rep> at{Clock::time_point::max().time_since_epoch().count()};
  void set(Clock::time_point time) { at.store(time.time_since_epoch().count(), std::memory_order_relaxed); }
  bool set_already() const { return at.load(std::memory_order_relaxed) != Clock::time_point::max().time_since_epoch().count(); }
  bool over() const { return Clock::now().time_since_epoch().count() > at.load(std::memory_order_relaxed); }
};

/// A message of spdlog's in our words.  Our levels and spdlog's have the same order; the type travels as the line of a source.
LogEvent event_of(const spdlog::details::log_msg& msg) {
  return {msg.time,
          static_cast<log::Level>(msg.level),
          {msg.logger_name.data(), msg.logger_name.size()},
          {msg.payload.data(), msg.payload.size()},
          static_cast<log::Type>(msg.source.line)};
}

int open_file(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

/// Lines are gathered into one write up to this size while more of them wait.
constexpr std::size_t kGathered = 16 * 1024;
/// How long the writing thread looks away after a write.  A thread that waits costs everyone who logs a system call to
/// wake it; a thousand lines a second become one.
constexpr std::chrono::milliseconds kNap{1};

/// A standard stream or a file.
class DescriptorSink final : public BaseSink {
 public:
  DescriptorSink(int fd, std::string path, const config::Log& options, std::shared_ptr<const Deadline> deadline,
                 std::function<bool()> more_lines)
      : fd_(fd),
        path_(std::move(path)),
        json_(options.format == config::LogFormat::json),
        timestamps_(options.timestamps && options.timestamp_format.empty()),
        own_time_(options),
        mosquitto_(options.wording == config::LogWording::mosquitto),
        deadline_(std::move(deadline)),
        more_lines_(std::move(more_lines)) {}
  ~DescriptorSink() override {
    write_gathered();  // after a reload the lines that it waited for went elsewhere
    if (!path_.empty()) ::close(fd_);
  }

  std::string reopen() {
    if (path_.empty()) return {};
    const int fd = open_file(path_);
    if (fd < 0) return fmt::format("cannot open log file {}: {}", path_, std::strerror(errno));
    const std::lock_guard lock{mutex_};
    ::close(std::exchange(fd_, fd));
    return {};
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const LogEvent event = event_of(msg);
    if (!json_) own_time_.append(event.time, gathered_);
    gathered_ += json_ ? json_line(event) : mosquitto_ ? mosquitto_line(event, timestamps_) : text_line(event, timestamps_);
    const bool more = gathered_.size() < kGathered && more_lines_();
    const bool ending = deadline_->set_already();  // asked last: what ends the queue waits in it, too
    if (more && !ending) return;
    write_gathered();
    if (!ending) std::this_thread::sleep_for(kNap);
  }
  void flush_() override {}

 private:
  void write_gathered() {
    std::string_view rest{gathered_};
    while (!rest.empty() && writable()) {
      // What a pipe takes at once after poll(): more could block although it is writable.
      const ssize_t done = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), 4096));
      if (done > 0) rest.remove_prefix(static_cast<std::size_t>(done));
      if (done < 0 && errno != EINTR && errno != EAGAIN) break;  // there is nobody to tell
    }
    gathered_.clear();
  }

  /// Waits until somebody takes bytes; false when there is no more time.
  bool writable() const {
    pollfd ready{fd_, POLLOUT, 0};
    for (;;) {
      const bool over = deadline_->over();  // then what can be written at once still is
      if (::poll(&ready, 1, over ? 0 : 100) > 0) break;
      if (over) return false;
    }
    return true;
  }

  int fd_;
  std::string path_;  // empty: a standard stream, which is not ours to close
  bool json_;
  bool timestamps_;  // in our own form
  OwnTimeForm own_time_;
  bool mosquitto_;
  std::shared_ptr<const Deadline> deadline_;
  std::function<bool()> more_lines_;
  std::string gathered_;
};

class SyslogSink final : public BaseSink {
 public:
  SyslogSink() { ::openlog("tombo", LOG_PID, LOG_DAEMON); }
  ~SyslogSink() override { ::closelog(); }

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const LogEvent event = event_of(msg);
    ::syslog(priority_of(event.type), "%s",
             fmt::format("{}: {}", event.module, one_line(event.message)).c_str());
  }
  void flush_() override {}
};

class JournalSink final : public BaseSink {
 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const LogEvent event = event_of(msg);
    systemd::journal_write(priority_of(event.type), event.module, one_line(event.message));
  }
  void flush_() override {}
};

class TopicSink final : public BaseSink {
 public:
  TopicSink(LogTopic& topic, const config::Log& options)
      : topic_(topic), timestamps_(options.timestamps), mosquitto_(options.wording == config::LogWording::mosquitto) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    const LogEvent event = event_of(msg);
    std::string line = mosquitto_ ? mosquitto_line(event, timestamps_) : text_line(event, timestamps_);
    line.pop_back();  // the line feed
    topic_.publish(event.type, line);
  }
  void flush_() override {}

 private:
  LogTopic& topic_;
  bool timestamps_;
  bool mosquitto_;
};

/// One set of opened destinations; loggers of spdlog differ by module only.
struct Destinations {
  std::vector<spdlog::sink_ptr> sinks;
  std::vector<std::shared_ptr<DescriptorSink>> descriptors;
  std::array<std::shared_ptr<spdlog::async_logger>, log::kModuleCount> loggers;
};

}  // namespace

struct LogSinks::Impl {
  explicit Impl(LogTopic& published) : topic(published) {}

  LogTopic& topic;
  std::shared_ptr<Deadline> deadline = std::make_shared<Deadline>();
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(LogSinks::kQueueLines, 1);
  mutable std::mutex mutex;  // protects the pointer, which a reload replaces
  std::shared_ptr<const Destinations> current;

  std::shared_ptr<const Destinations> get() const {
    const std::lock_guard lock{mutex};
    return current;
  }
  std::string open(const std::string& to, const config::Log& options, Destinations& into) const;
};

std::string LogSinks::Impl::open(const std::string& to, const config::Log& options,
                                 Destinations& into) const {
  if (to == "syslog") {
    into.sinks.push_back(std::make_shared<SyslogSink>());
    return {};
  }
  if (to == "journald") {
    if (!systemd::built_in()) return "cannot log to journald: this tombo is built without systemd";
    into.sinks.push_back(std::make_shared<JournalSink>());
    return {};
  }
  if (to == "topic") {
    into.sinks.push_back(std::make_shared<TopicSink>(topic, options));
    return {};
  }
  const std::string path = to.starts_with("file:") ? to.substr(5) : std::string{};
  const int fd = !path.empty() ? open_file(path) : to == "stderr" ? STDERR_FILENO : STDOUT_FILENO;
  if (fd < 0) return fmt::format("cannot open log file {}: {}", path, std::strerror(errno));
  // Asked on the pool's own thread only, which ends before the pool does.
  const auto more_lines = [lines = pool.get()] { return lines->queue_size() > 0; };
  into.descriptors.push_back(std::make_shared<DescriptorSink>(fd, path, options, deadline, more_lines));
  into.sinks.push_back(into.descriptors.back());
  return {};
}

LogSinks::LogSinks() : impl_(std::make_unique<Impl>(topic_)) {}

LogSinks::~LogSinks() {
  impl_->deadline->set(Clock::now() + std::chrono::seconds{1});
  impl_->pool.reset();  // writes what waits and ends the thread
}

std::string LogSinks::configure(const config::Log& options) {
  auto next = std::make_shared<Destinations>();
  for (const std::string& to : options.to) {
    if (std::string why_not = impl_->open(to, options, *next); !why_not.empty()) return why_not;
  }
  for (std::size_t i = 0; i < log::kModuleCount; ++i) {
    const std::string name{name_of(static_cast<log::Module>(i))};
    next->loggers[i] =
        std::make_shared<spdlog::async_logger>(name, next->sinks.begin(), next->sinks.end(), impl_->pool,
                                               spdlog::async_overflow_policy::overrun_oldest);
    next->loggers[i]->set_level(spdlog::level::trace);  // Logger::Levels has decided already
  }
  const std::lock_guard lock{impl_->mutex};
  impl_->current = std::move(next);
  return {};
}

std::string LogSinks::reopen() {
  std::string why_not;
  const auto current = impl_->get();
  if (!current) return why_not;
  for (const auto& sink : current->descriptors) {
    if (std::string text = sink->reopen(); !text.empty()) why_not = std::move(text);
  }
  return why_not;
}

void LogSinks::write_typed(log::Module module, log::Type type, std::string_view line) {
  const auto current = impl_->get();
  if (!current) return;
  current->loggers[static_cast<std::size_t>(module)]->log(spdlog::source_loc{"", static_cast<int>(type), ""},
                                                          static_cast<spdlog::level::level_enum>(level_of(type)),
                                                          spdlog::string_view_t{line.data(), line.size()});
}

std::uint64_t LogSinks::dropped() const {
  return impl_->pool->overrun_counter() + topic_.dropped();
}

namespace {
log::Level lowest_of(std::uint8_t types) {
  log::Level lowest = log::Level::off;
  for (std::size_t i = 0; i < log::kTypeCount; ++i) {
    const auto type = static_cast<log::Type>(i);
    if ((types & bit_of(type)) != 0) lowest = std::min(lowest, level_of(type));
  }
  return lowest;
}
}  // namespace

void set_levels(log::Logger::Levels& levels, const config::Log& options) {
  const auto level_named = [](std::string_view name) {
    for (std::size_t i = 0; i <= static_cast<std::size_t>(log::Level::off); ++i) {
      if (name_of(static_cast<log::Level>(i)) == name) return static_cast<log::Level>(i);
    }
    return log::Level::info;
  };
  std::uint8_t types = options.types.empty() ? log::kAllTypes : 0;
  for (const std::string& name : options.types) {
    for (std::size_t i = 0; i < log::kTypeCount; ++i) {
      const auto type = static_cast<log::Type>(i);
      if (name == "all" || name == name_of(type)) types = static_cast<std::uint8_t>(types | bit_of(type));
    }
  }
  levels.types.store(types, std::memory_order_relaxed);
  // Where types are named they decide, and the level lets through the lowest of them.
  const log::Level all = options.types.empty() ? level_named(options.level) : lowest_of(types);
  for (auto& level : levels.of) level.store(all, std::memory_order_relaxed);
  for (const std::string& entry : options.modules) {
    const std::string_view text{entry};
    const std::size_t equals = std::min(text.find('='), text.size());
    for (std::size_t i = 0; i < log::kModuleCount; ++i) {
      if (name_of(static_cast<log::Module>(i)) != text.substr(0, equals)) continue;
      levels.of[i].store(level_named(text.substr(std::min(equals + 1, text.size()))),
                         std::memory_order_relaxed);
    }
  }
}

}  // namespace tombo::app
