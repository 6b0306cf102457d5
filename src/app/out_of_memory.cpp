#include "app/out_of_memory.hpp"

#include <unistd.h>
#include <cstdlib>
#include <new>
#include <string_view>

namespace tombo::app {

void end_when_memory_is_exhausted() {
  std::set_new_handler([] {
    // Nothing here may allocate.
    constexpr std::string_view kWhy =
        "tombo: memory is exhausted, so this process ends; what was acknowledged with sync = \"ack\" is on disk. "
        "limits.memory_bytes_max below what the machine has keeps this from happening\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWhy.data(), kWhy.size());
    std::abort();
  });
}

}  // namespace tombo::app
