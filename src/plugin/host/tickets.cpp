#include "plugin/host/tickets.hpp"

#include <utility>

namespace tombo::plugin {

std::optional<std::uint64_t> Tickets::open(MonoTime deadline, bool held, Done done) {
  const std::lock_guard lock{mutex_};
  if (closed_ || open_.size() >= max_) return {};
  open_.emplace_hint(open_.end(), ++last_, Entry{deadline, held, {}, std::move(done)});
  return last_;
}

std::optional<Decision> Tickets::settle(std::uint64_t ticket, std::optional<Decision> at_once) {
  const std::lock_guard lock{mutex_};
  const auto found = open_.find(ticket);
  if (found == open_.end()) return {};  // closed meanwhile, and told
  Entry& entry = found->second;
  std::optional<Decision> answer = entry.early ? std::move(entry.early) : std::move(at_once);
  if (answer) {
    open_.erase(found);
  } else {
    entry.held = false;
  }
  return answer;
}

bool Tickets::complete(std::uint64_t ticket, Decision decision) {
  Done done;
  {
    const std::lock_guard lock{mutex_};
    const auto found = open_.find(ticket);
    if (found == open_.end() || found->second.early) return false;
    if (found->second.held) {
      found->second.early = std::move(decision);
      return true;
    }
    done = std::move(found->second.done);
    open_.erase(found);
  }
  done(std::move(decision));
  return true;
}

bool Tickets::forget(std::uint64_t ticket) {
  const std::lock_guard lock{mutex_};
  return open_.erase(ticket) > 0;
}

bool Tickets::is_open(std::uint64_t ticket) const {
  const std::lock_guard lock{mutex_};
  return open_.contains(ticket);
}

std::vector<Tickets::Done> Tickets::take_expired(MonoTime now) {
  std::vector<Done> late;
  const std::lock_guard lock{mutex_};
  for (auto entry = open_.begin(); entry != open_.end();) {
    if (entry->second.held) {
      ++entry;
      continue;
    }
    if (entry->second.deadline > now) break;
    late.push_back(std::move(entry->second.done));
    entry = open_.erase(entry);
  }
  return late;
}

std::size_t Tickets::expire(MonoTime now) {
  const auto late = take_expired(now);
  expired_ += late.size();
  for (const Done& done : late) done(refusal("no answer within its deadline"));
  return late.size();
}

MonoTime Tickets::next_due() const {
  const std::lock_guard lock{mutex_};
  for (const auto& [ticket, entry] : open_) {
    if (!entry.held) return entry.deadline;
  }
  return kNever;
}

void Tickets::close() {
  std::map<std::uint64_t, Entry> left;
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    left = std::exchange(open_, {});
  }
  for (auto& [ticket, entry] : left) entry.done(refusal("the broker stops"));
}

std::size_t Tickets::size() const {
  const std::lock_guard lock{mutex_};
  return open_.size();
}

}  // namespace tombo::plugin
