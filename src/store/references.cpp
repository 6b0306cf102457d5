#include "store/references.hpp"

#include <algorithm>
#include <utility>

namespace tombo::store {

bool References::remove(MessageNumber number, SessionNumber session, Seq seq) {
  const auto known = counts_.find(number);
  if (known != counts_.end()) {
    // What was not found yet will not be found any more, so it never counted.
    if (!was_found(session, seq) || --known->second > 0) {
      if (counting_ && number < first_) given_up_.push_back(number);
      return false;
    }
    counts_.erase(known);
  }
  if (number >= first_ || !counting_) return true;
  given_up_.push_back(number);
  return false;
}

std::vector<MessageNumber> References::finish_counting() {
  counting_ = false;
  std::sort(given_up_.begin(), given_up_.end());
  given_up_.erase(std::unique(given_up_.begin(), given_up_.end()), given_up_.end());
  std::erase_if(given_up_, [this](MessageNumber number) { return counts_.contains(number); });
  return std::exchange(given_up_, {});
}

}  // namespace tombo::store
