#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tombo::tomboctl {

/// "17", "4.2k", "1.0M"
std::string human_count(double number);
/// "17 B", "4.2 KiB"
std::string human_size(std::uint64_t bytes);
/// "12s", "3m05s", "2h10m", "4d07h"
std::string human_age(std::uint64_t seconds);

/// Without what would move a terminal's cursor; at most `width` columns, cut in the middle of no character.
std::string printable(std::string_view text, std::size_t width);
/// Columns that UTF-8 text takes, counting one for each character.
std::size_t columns_of(std::string_view text);

}  // namespace tombo::tomboctl
