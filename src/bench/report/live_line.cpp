#include "bench/report/live_line.hpp"

#include "bench/report/units.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace tombo::bench {

void LiveLine::show(const Second& second, const Report& so_far) {
  const std::string line = line_of(second, so_far);
  // Back to the first column, the line, and nothing of a longer one before it.
  fmt::print(out_, "{}{}{}", terminal_ ? "\r" : "", line, terminal_ ? "\x1b[K" : "\n");
  std::fflush(out_);
  open_ = terminal_;
}

void LiveLine::end() {
  if (!open_) return;
  fmt::print(out_, "\n");
  std::fflush(out_);
  open_ = false;
}

bool LiveLine::is_terminal(std::FILE* out) {
  return isatty(fileno(out)) == 1;
}

std::string LiveLine::line_of(const Second& second, const Report& so_far) {
  std::string line = fmt::format("{:>6.1f} s", second.at_s + second.length_s);
  const auto add = [&](std::string_view name, std::uint64_t count) {
    line += fmt::format("  {} {}", name, right_in(rate_text(per_second(count, second.length_s)), 12));
  };
  if (so_far.sent_in_all != 0 || second.sent != 0) add("sent", second.sent);
  if (so_far.received_in_all != 0 || second.received != 0) add("received", second.received);
  if (second.connects != 0) add("connects", second.connects);
  if (second.latency_p50_ns != 0 || second.latency_p99_ns != 0) {
    line += fmt::format("  p50 {}  p99 {}", right_in(duration_text(static_cast<double>(second.latency_p50_ns)), 8),
                        right_in(duration_text(static_cast<double>(second.latency_p99_ns)), 8));
  }
  line += fmt::format("  errors {}", with_commas(second.errors));
  if (!second.measured) line += "  (not measured)";
  return line;
}

}  // namespace tombo::bench
