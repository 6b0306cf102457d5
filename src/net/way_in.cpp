#include "net/way_in.hpp"

#include "filter/first_bytes.hpp"
#include "net/peer_of.hpp"

#include <utility>

namespace tombo::net {

WayIn::WayIn(std::shared_ptr<const Entrance> entrance, std::shared_ptr<const auth::Peer> peer, MayConnect may_connect)
    : entrance_(std::move(entrance)), peer_(std::move(peer)), may_connect_(std::move(may_connect)) {
  if (!entrance_->user_from_socket || !peer_->unix_peer) return;
  auto named = std::make_shared<auth::Peer>(*peer_);
  named->user_name = user_name_of(named->unix_peer->uid);
  peer_ = std::move(named);
}

/// Goes on to the next filter that this connection needs; `first` are the bytes that it will be given.  False: the
/// connection ends.
bool WayIn::next_stage(filter::Bytes first) {
  const auto begin = [this](std::unique_ptr<filter::ByteFilter> made) {
    filters_.push_back(std::move(made));
    begun_ = true;
    return true;
  };
  while (stage_ != Stage::mqtt) {
    if (begun_) {
      if (!filters_.back()->open()) return true;
      auto known = std::make_shared<auth::Peer>(*peer_);
      filters_.back()->describe(*known);
      peer_ = std::move(known);
      begun_ = false;
      if (stage_ == Stage::proxy_header && !judge_address()) return false;
      stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
      continue;
    }
    if (stage_ == Stage::proxy_header && entrance_->proxy_header) return begin(entrance_->proxy_header());
    if (stage_ == Stage::tls && entrance_->tls) return begin(entrance_->tls());
    if (stage_ == Stage::websocket && entrance_->websocket) {
      if (first.empty()) return true;
      if (entrance_->protocol == config::Protocol::websocket || filter::first_bytes(first) == filter::Spoken::http) return begin(entrance_->websocket(peer_));
    }
    stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
  }
  return true;
}

/// A PROXY header has told where the client is.
bool WayIn::judge_address() {
  const auto may_connect = std::exchange(may_connect_, nullptr);
  if (!entrance_->admits(*peer_)) {
    why_ = kNotItsNetwork;
  } else if (may_connect && !may_connect(*peer_)) {
    why_ = kMustWait;
  }
  turned_away_ = !why_.empty();
  return !turned_away_;
}

bool WayIn::receive(filter::Bytes bytes, Scratch& scratch, filter::Sink& inward, filter::Sink& wire) {
  // Behind a filter it is what comes out of it that tells the next stage.
  if (!open() && filters_.empty() && !next_stage(bytes)) return false;
  return feed(0, bytes, scratch, inward, wire);
}

bool WayIn::feed(std::size_t level, filter::Bytes bytes, Scratch& scratch, filter::Sink& inward, filter::Sink& wire) {
  if (level == filters_.size()) {
    if (bytes.empty()) return true;
    if (!open() && !next_stage(bytes)) return false;
    if (level < filters_.size()) return feed(level, bytes, scratch, inward, wire);
    inward.insert(inward.end(), bytes.begin(), bytes.end());
    return true;
  }
  // The last filter of an open connection writes where its bytes are wanted.
  const bool last = open() && level + 1 == filters_.size();
  filter::Sink& through = last ? inward : scratch.inward[level];
  filter::Sink& answer = level == 0 ? wire : scratch.outward[level];
  if (!last) through.clear();
  if (level != 0) answer.clear();
  const bool good = filters_[level]->receive(bytes, through, answer);
  if (!good) why_ = filters_[level]->why();
  if (level != 0 && !answer.empty() && !send_from(level - 1, answer, scratch, wire)) return false;
  if (!good) return false;
  if (!open() && !next_stage(last ? filter::Bytes{} : filter::Bytes{through})) return false;
  return last || feed(level + 1, through, scratch, inward, wire);
}

/// Through the filters from this one to the socket.
bool WayIn::send_from(std::size_t level, filter::Bytes bytes, Scratch& scratch, filter::Sink& wire) {
  for (std::size_t at = level + 1; at-- > 0;) {
    filter::Sink& out = at == 0 ? wire : scratch.outward[at];
    if (at != 0) out.clear();
    if (!filters_[at]->send(bytes, out)) {
      why_ = filters_[at]->why();
      return false;
    }
    bytes = out;
  }
  return true;
}

bool WayIn::send(filter::Bytes bytes, Scratch& scratch, filter::Sink& wire) {
  if (filters_.empty()) {
    wire.insert(wire.end(), bytes.begin(), bytes.end());
    return true;
  }
  return send_from(filters_.size() - 1, bytes, scratch, wire);
}

bool WayIn::last_words(Scratch& scratch, filter::Sink& wire) {
  const std::size_t level = filters_.size() - 1;
  filter::Sink& out = level == 0 ? wire : scratch.outward[level];
  if (level != 0) out.clear();
  return filters_[level]->last_words(out) && (level == 0 || send_from(level - 1, out, scratch, wire));
}

void WayIn::close(Scratch& scratch, filter::Sink& wire) {
  for (std::size_t level = filters_.size(); level-- > 0;) {
    filter::Sink& out = level == 0 ? wire : scratch.outward[level];
    if (level != 0) out.clear();
    if (filters_[level]->open()) filters_[level]->close(out);
    if (level != 0 && !out.empty() && filters_[level - 1]->open()) send_from(level - 1, out, scratch, wire);
  }
}

filter::ByteFilter* WayIn::key_waiter() const {
  if (stage_ != Stage::tls || !begun_ || !filters_.back()->waits_for_key()) return nullptr;
  return filters_.back().get();
}

bool WayIn::ended() const {
  for (const auto& filter : filters_) {
    if (filter->ended()) return true;
  }
  return false;
}

std::string WayIn::certificate() const {
  for (const auto& filter : filters_) {
    if (auto der = filter->certificate(); !der.empty()) return der;
  }
  return {};
}

std::size_t WayIn::memory() const {
  std::size_t all = 0;
  for (const auto& filter : filters_) all += filter->memory();
  return all;
}

}  // namespace tombo::net
