#pragma once

#include <string>
#include <string_view>

namespace tombo::filter {

/// What Sec-WebSocket-Accept answers to a key.  (RFC 6455, 4.2.2)  Empty if SHA-1 is not to be had.
std::string accept_key(std::string_view key);

}  // namespace tombo::filter
