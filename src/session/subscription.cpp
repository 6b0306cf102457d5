#include "session/subscription.hpp"

namespace tombo::session {

std::uint32_t SubscriptionList::find(const routing::Filter* filter) const {
  if (index_) {
    const auto found = index_->find(filter);
    return found == index_->end() ? kNone : found->second;
  }
  for (std::uint32_t i = 0; i < records_.size(); ++i) {
    if (records_[i].filter == filter) return i;
  }
  return kNone;
}

std::uint32_t SubscriptionList::add(const Subscription& subscription) {
  const std::uint32_t record = size();
  // Most sessions have one subscription: do not reserve for more before there is a second one.
  if (record == 0) records_.reserve(1);
  records_.push_back(subscription);
  if (index_) {
    index_->emplace(subscription.filter, record);
  } else if (records_.size() > kIndexFrom) {
    index_ = std::make_unique<std::unordered_map<const routing::Filter*, std::uint32_t>>();
    for (std::uint32_t i = 0; i < records_.size(); ++i) index_->emplace(records_[i].filter, i);
  }
  return record;
}

void SubscriptionList::remove(std::uint32_t record) {
  if (index_) index_->erase(records_[record].filter);
  if (record + 1 != records_.size()) {
    records_[record] = records_.back();
    if (index_) (*index_)[records_[record].filter] = record;
  }
  records_.pop_back();
}

}  // namespace tombo::session
