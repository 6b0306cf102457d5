#pragma once

#include <string_view>

namespace tombo::bench {

// The parts of the page that are the same for every report: everything inline, nothing is fetched.
extern const std::string_view kPageHead;  // up to and with <main>
extern const std::string_view kPageEnd;   // the script and what closes the page

}  // namespace tombo::bench
