#pragma once

#include "config/draft.hpp"

namespace tombo::config {

/// Finds networks of listeners that cannot be read, and a PROXY header that is wanted from nobody.
void check_networks(Draft& draft);

}  // namespace tombo::config
