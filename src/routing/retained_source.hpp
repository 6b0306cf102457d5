#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tombo::routing {

/// Who stored a retained message.  What else is known of him is the business of the layer above.
/// Lives on: any thread (immutable).
struct RetainedSource {
  explicit RetainedSource(std::string_view id) : client_id(id) {}
  virtual ~RetainedSource() = default;
  RetainedSource(const RetainedSource&) = delete;
  RetainedSource& operator=(const RetainedSource&) = delete;

  /// What each of his messages counts for him, though they may share this.
  std::size_t footprint() const { return sizeof(RetainedSource) + client_id.size(); }

  const std::string client_id;
};

}  // namespace tombo::routing
