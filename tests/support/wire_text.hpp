#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tombo::test {

/// Bytes from a text that a person can check against the standard:
///   `10 FF`    bytes in hexadecimal, separated by spaces
///   `<abc>`    text with its two-byte length in front
///   `'abc'`    text as it is
///   `[ ... ]`  a property section: its length as a variable byte integer, then what stands inside
///   `##`       the Remaining Length of what follows, up to the end
/// A text that does not follow these rules is a mistake in a test: the program stops with a message.
std::vector<std::uint8_t> wire(std::string_view text);

}  // namespace tombo::test
