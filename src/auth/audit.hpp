#pragma once

#include "auth/principal.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/security_options.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tombo::auth {

/// Something that a client was refused.  Borrowed; what the client said is neither trusted nor bounded.
struct Refusal {
  enum class Kind : std::uint8_t { connection, publish, subscribe };
  Kind kind = Kind::connection;
  std::string_view client_id;
  std::string_view user_name;
  std::string_view address;
  std::string_view topic;   // empty for a connection
  std::string_view rule;    // "acl.conf:12", "passwords"; empty: none
  std::string_view reason;  // "no rule allows it", "not_authorized"
};

/// One log line for each refusal, and never more lines in a second than [acl] audit_lines_per_s, over all shards; the
/// others are counted and told in one line when the second is over.
/// Lives on: any thread; no lock is taken, time comes from the caller.
class Audit {
 public:
  Audit(const log::Logger& logger, const config::Acl& options);
  /// Tells what was counted and not told.
  ~Audit();
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  /// A shard whose clock lags behind counts for the second that is current.
  void refused(const Refusal& refusal, MonoTime now);
  /// Closes a second that is over though nothing is refused any more.  To be called now and then.
  void tick(MonoTime now);
  /// New options at a reload.
  void set(const config::Acl& options);

 private:
  static constexpr std::size_t kKinds = 3;
  /// The second in the upper bits, the lines of that second in the lower ones.
  static constexpr unsigned kLineBits = 24;

  /// Whether a line may be written; `closes` when this call began a new second.
  bool take_line(std::uint64_t second, bool& closes);
  void close();

  log::Logger logger_;
  std::atomic<bool> on_;
  std::atomic<std::uint32_t> lines_per_s_;
  std::atomic<std::uint64_t> window_{0};
  std::array<std::atomic<std::uint64_t>, kKinds> more_{};
};

}  // namespace tombo::auth
