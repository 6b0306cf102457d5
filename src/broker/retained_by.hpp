#pragma once

#include "auth/principal.hpp"
#include "routing/retained_source.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::broker {

/// Who stored a retained message, so that it is given to nobody once he may not publish there any more.
/// Lives on: any thread (immutable).
struct RetainedBy final : routing::RetainedSource {
  RetainedBy(std::string_view id, std::shared_ptr<const auth::Principal> who, std::uint16_t by_listener);

  const std::shared_ptr<const auth::Principal> principal;  // not null
  const std::uint16_t listener;                            // index in options.listeners
};

/// As a SourceRow, for the store; empty without a source.
std::string row_of(const routing::RetainedSource* source);
/// From a SourceRow; none for nothing, or for what cannot be read.
std::shared_ptr<const routing::RetainedSource> source_of(std::string_view row);

}  // namespace tombo::broker
