#pragma once

#include <cstdint>
#include <string>

namespace tombo::bench {

// Numbers as people read them; every report uses the same.

std::string with_commas(std::uint64_t number);  // 5,745,551
std::string rate_text(double per_s);            // 5,745,551/s, 12.5/s
std::string duration_text(double ns);           // 950 ns, 77.1 µs, 1.21 ms, 3.20 s
std::string bytes_text(double bytes);           // 640 B, 12.3 MiB
/// The text in `width` columns, filled up on the left; a character is a column (µ has two bytes).
std::string right_in(const std::string& text, std::size_t width);
/// `count` in `seconds`; 0 when no time passed.
double per_second(std::uint64_t count, double seconds);

}  // namespace tombo::bench
