#include "auth/audit.hpp"

#include <string>

#include <fmt/format.h>

namespace tombo::auth {

namespace {

constexpr std::size_t kTextMax = 256;  // of each text in a line
constexpr std::string_view kNames[] = {"connection", "publish", "subscribe"};

/// What a client said, for one line of a log: in quotes, short, nothing in it ends the line or the quotes or moves a
/// terminal's cursor.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kTextMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += text.size() > kTextMax ? "...\"" : "\"";
  return out;
}

std::uint64_t second_of(MonoTime now) {
  return static_cast<std::uint64_t>(now.time_since_epoch() / Milliseconds{1000});
}

}  // namespace

Audit::Audit(const log::Logger& logger, const config::Acl& options)
    : logger_(logger.for_module(log::Module::auth)), on_(options.audit), lines_per_s_(options.audit_lines_per_s) {}

Audit::~Audit() {
  close();
}

void Audit::set(const config::Acl& options) {
  on_.store(options.audit, std::memory_order_relaxed);
  lines_per_s_.store(options.audit_lines_per_s, std::memory_order_relaxed);
}

bool Audit::take_line(std::uint64_t second, bool& closes) {
  std::uint64_t window = window_.load(std::memory_order_relaxed);
  while (true) {
    const bool anew = (window >> kLineBits) < second;
    const std::uint64_t lines = anew ? 0 : window & ((std::uint64_t{1} << kLineBits) - 1);
    if (!anew && lines >= lines_per_s_.load(std::memory_order_relaxed)) return false;
    const std::uint64_t next = anew ? second << kLineBits | 1 : window + 1;
    if (!window_.compare_exchange_weak(window, next, std::memory_order_relaxed)) continue;
    closes = anew;
    return true;
  }
}

void Audit::close() {
  std::array<std::uint64_t, kKinds> counts{};
  std::uint64_t all = 0;
  for (std::size_t kind = 0; kind < kKinds; ++kind) all += counts[kind] = more_[kind].exchange(0, std::memory_order_relaxed);
  if (all == 0) return;
  logger_.warning("{} more refusals in the last second connection={} publish={} subscribe={}", all, counts[0], counts[1],
                  counts[2]);
}

void Audit::tick(MonoTime now) {
  const std::uint64_t second = second_of(now);
  std::uint64_t window = window_.load(std::memory_order_relaxed);
  while ((window >> kLineBits) < second) {
    if (window_.compare_exchange_weak(window, second << kLineBits, std::memory_order_relaxed)) return close();
  }
}

void Audit::refused(const Refusal& refusal, MonoTime now) {
  if (!on_.load(std::memory_order_relaxed) || !logger_.enabled(log::Level::warning)) return;
  const auto kind = static_cast<std::size_t>(refusal.kind);
  bool closes = false;
  if (!take_line(second_of(now), closes)) {
    more_[kind].fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (closes) close();
  const std::string topic = refusal.kind == Refusal::Kind::connection ? std::string() : " topic=" + quoted(refusal.topic);
  logger_.warning("refused {} client={} user={} address={}{} rule={} reason={}", kNames[kind], quoted(refusal.client_id),
                  quoted(refusal.user_name), quoted(refusal.address), topic, quoted(refusal.rule.empty() ? "none" : refusal.rule),
                  quoted(refusal.reason));
}

}  // namespace tombo::auth
