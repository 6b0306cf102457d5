#include "broker/transport.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

Transport::~Transport() { leave_flush_list(); }

void Transport::become_dirty() {
  if (!out_) {
    auto& spare = flush_list_->spare_;
    if (spare.empty()) {
      out_ = std::make_unique<mqtt::WriteBatch>();
    } else {
      out_ = std::move(spare.back());
      spare.pop_back();
    }
  }
  dirty_ = true;
  flush_list_->dirty_.push_back(this);
}

void Transport::flushed() {
  dirty_ = false;
  if (!out_ || !out_->empty()) return;
  auto& spare = flush_list_->spare_;
  if (spare.size() < FlushList::kSpareMax) {
    out_->shrink(FlushList::kSpareBytes);
    spare.push_back(std::move(out_));
  } else {
    out_.reset();
  }
}

void Transport::leave_flush_list() {
  if (!dirty_) return;
  auto& dirty = flush_list_->dirty_;
  dirty.erase(std::remove(dirty.begin(), dirty.end(), this), dirty.end());
  dirty_ = false;
}

}  // namespace tombo::broker
