#pragma once

#include "auth/backend.hpp"
#include "base/clock.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tombo::auth {

/// Names a login or a request so that it is found again and nobody can read what was in it: HMAC-SHA-256 with a key of
/// its own that nobody else ever sees.  Immutable.
class KeyedHash {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  KeyedHash();
  /// Fields are told apart: {"ab", "c"} is not {"a", "bc"}.
  Digest of(std::initializer_list<std::string_view> fields) const;

 private:
  std::array<std::uint8_t, 32> key_;
};

/// Answers of somebody slow, each for a while; the one that was not wanted for longest makes room.
/// Lives on: any thread.  One mutex, held for a search in a hash table; what stands behind it takes milliseconds.
template <class Answer>
class AnswerCache {
 public:
  AnswerCache(const Clock& clock, std::size_t entries_max) : clock_(clock), entries_max_(entries_max) {}

  const KeyedHash& hash() const { return hash_; }

  std::optional<Answer> find(const KeyedHash::Digest& key) {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(key);
    if (at == entries_.end()) return {};
    if (at->second->until <= clock_.mono()) {
      order_.erase(at->second);
      entries_.erase(at);
      return {};
    }
    order_.splice(order_.begin(), order_, at->second);
    return at->second->answer;
  }

  /// Remembers nothing for `ttl` of 0.
  void keep(const KeyedHash::Digest& key, Answer answer, Seconds ttl) {
    if (ttl <= Seconds{0} || entries_max_ == 0) return;
    const std::lock_guard lock(mutex_);
    if (const auto old = entries_.find(key); old != entries_.end()) {
      order_.erase(old->second);
      entries_.erase(old);
    }
    while (entries_.size() >= entries_max_) {
      entries_.erase(order_.back().key);
      order_.pop_back();
    }
    order_.push_front({key, clock_.mono() + ttl, std::move(answer)});
    entries_.emplace(key, order_.begin());
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    KeyedHash::Digest key;
    MonoTime until;
    Answer answer;
  };
  struct FirstBytes {  // of a digest: they are as random as a hash can be
    std::size_t operator()(const KeyedHash::Digest& key) const {
      std::size_t word;
      std::memcpy(&word, key.data(), sizeof word);
      return word;
    }
  };

  const Clock& clock_;
  std::size_t entries_max_;
  KeyedHash hash_;
  mutable std::mutex mutex_;
  std::list<Entry> order_;  // the latest first
  std::unordered_map<KeyedHash::Digest, typename std::list<Entry>::iterator, FirstBytes> entries_;
};

/// Verdicts about logins.
class VerdictCache {
 public:
  VerdictCache(const Clock& clock, std::size_t entries_max) : clock_(clock), answers_(clock, entries_max) {}

  const KeyedHash& hash() const { return answers_.hash(); }
  /// What was kept, unless its time or its principal's is over.
  std::optional<Verdict> find(const KeyedHash::Digest& key);
  /// Errors are not kept: the next one asks again.
  void keep(const KeyedHash::Digest& key, const Verdict& verdict, Seconds ttl);
  std::size_t size() const { return answers_.size(); }

 private:
  const Clock& clock_;
  AnswerCache<Verdict> answers_;
};

}  // namespace tombo::auth
