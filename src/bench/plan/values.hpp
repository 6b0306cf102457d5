#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tombo::bench {

// Values as people write them.  Nothing comes back for what is no such value.

std::optional<std::uint64_t> whole_number(std::string_view text);
std::optional<double> real_number(std::string_view text);
/// 5, 0.5, "500ms", "10s", "2m", "1h"; a bare number is seconds.
std::optional<double> seconds_of(std::string_view text);
/// 64, "16KiB", "1MiB"; powers of 1024.
std::optional<std::uint64_t> bytes_of_text(std::string_view text);
/// true, false, yes, no, on, off, 1, 0; empty is true: a flag without a value.
std::optional<bool> flag_of(std::string_view text);

}  // namespace tombo::bench
