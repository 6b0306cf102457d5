#pragma once

#include "routing/topic_tree.hpp"

#include <string_view>

namespace tombo::routing {

/// A Filter and its text in one block.
Filter* make_filter(std::string_view text, FilterId id, std::uint32_t generation);
/// For Qsbr::retire(); frees the group list too.
void destroy_filter(void* filter);

}  // namespace tombo::routing
