#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace tombo::bench::loader {

/// What must be added to this machine's clock to have the NTP server's, in µs: of several questions, the one that was
/// answered fastest.  `server` is a host or host:port.  The error is one line for a person; it comes after at most
/// four seconds.
Result<std::int64_t, std::string> ntp_offset_us(const std::string& server);

}  // namespace tombo::bench::loader
