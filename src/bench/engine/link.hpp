#pragma once

#include "bench/engine/address.hpp"
#include "bench/engine/tls.hpp"
#include "mqtt/types.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tombo::bench::engine {

/// One TCP connection, with TLS where the plan wants it: bytes in, bytes out, nothing of MQTT.
/// Lives on: its worker's thread.
class Link {
 public:
  Link() = default;
  ~Link() { close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Begins to connect; `tls` null: plain.
  std::optional<RunError> open(const Endpoint& to, const Endpoint* from, const TlsContext* tls);
  void close();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  enum class Progress : std::uint8_t { under_way, open, failed };
  /// The socket became writable or readable while the connection was being made: TCP first, then TLS.
  Progress advance();
  /// Why an attempt or a read failed.
  const RunError& error() const { return error_; }

  enum class ReadStatus : std::uint8_t { bytes, again, closed, failed };
  struct Read {
    ReadStatus status = ReadStatus::again;
    std::size_t size = 0;
    bool more = false;  // more may be had without waiting: call again
  };
  Read read(std::span<std::uint8_t> room);

  /// Bytes for the next flush().
  void queue(mqtt::Bytes bytes);
  /// PUBACK, PUBREC, PUBREL or PUBCOMP without a reason, for the next flush().
  void queue_ack(std::uint8_t first_byte, mqtt::PacketId id) {
    auto& to = tls_ != nullptr ? plain_ : out_;
    const std::size_t at = to.size();
    to.resize(at + 4);
    std::uint8_t* const ack = to.data() + at;
    ack[0] = first_byte;
    ack[1] = 2;
    ack[2] = static_cast<std::uint8_t>(id >> 8);
    ack[3] = static_cast<std::uint8_t>(id);
  }
  /// Sends what is there now, without a copy where nothing waits before it.  False: the connection is broken.
  bool send(mqtt::Bytes bytes);
  bool flush();
  /// The kernel's buffer is full: what is queued now waits.
  bool blocked() const { return blocked_; }
  std::size_t waiting() const { return out_.size() + plain_.size(); }
  /// Whether bytes went out since the last time somebody asked.
  bool take_activity() { return std::exchange(active_, false); }

 private:
  Progress secure();
  bool write_out();
  bool fill_tls();
  void fail(ExitCode code, std::string text);

  int fd_ = -1;
  bool connected_ = false;
  bool secured_ = true;
  bool blocked_ = false;
  bool active_ = false;
  std::unique_ptr<TlsFilter> tls_;
  std::vector<std::uint8_t> out_;    // for the wire
  std::vector<std::uint8_t> plain_;  // TLS: to be encrypted at the next flush
  RunError error_;
};

}  // namespace tombo::bench::engine
