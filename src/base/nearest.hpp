#pragma once

#include <span>
#include <string_view>

namespace tombo {

/// The candidate that was probably meant by a mistyped word; empty when none is near.
/// Counts wrong, missing, surplus and swapped letters.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tombo
