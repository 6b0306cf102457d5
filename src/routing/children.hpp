#pragma once

#include "routing/qsbr.hpp"
#include "routing/slot_table.hpp"

#include <atomic>
#include <cstdint>

namespace tombo::routing {

/// The named children of a trie node: none, an only child, a table, or, where they are very many, a table in
/// segments.  T has a member `hash`.
/// Lives on: any thread for find(), one writer for the rest.
template <class T>
class Children {
 public:
  Children() = default;
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) return;
    if (kind_of(word) == kTable) SlotTable::destroy(table_of(word));
    if (kind_of(word) == kSegments) delete segments_of(word);
  }

  bool empty() const { return word_.load(std::memory_order_relaxed) == 0; }

  template <class Equal>
  T* find(std::uint64_t hash, Equal&& equal) const {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    if (word == 0) return nullptr;
    if (kind_of(word) == kTable) return table_of(word)->template find<T>(hash, equal);
    if (kind_of(word) == kSegments) return segments_of(word)->set.template find<T>(hash, equal);
    T* only = reinterpret_cast<T*>(word);
    return only->hash == hash && equal(*only) ? only : nullptr;
  }

  /// Where a search for this hash begins, without looking there: an only child, a table, or neither.
  struct Lead {
    const T* only = nullptr;
    const SlotTable* table = nullptr;
  };
  Lead lead(std::uint64_t hash) const {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    if (word == 0) return {};
    if (kind_of(word) == kTable) return {nullptr, table_of(word)};
    if (kind_of(word) == kSegments) return {nullptr, segments_of(word)->set.table_of(hash)};
    return {reinterpret_cast<const T*>(word), nullptr};
  }

  void add(T* child, Qsbr& qsbr) {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) return publish(child, kOnly);
    if (kind_of(word) == kSegments) {
      Segments* segments = segments_of(word);
      ++segments->count;
      return segments->set.put(child->hash, child, hash_of, Retire{qsbr});
    }
    if (kind_of(word) == kOnly) {
      T* only = reinterpret_cast<T*>(word);
      SlotTable* table = SlotTable::create(SlotTable::kCapacityMin);
      table->put(only->hash, only);
      table->put(child->hash, child);
      return publish(table, kTable);
    }
    SlotTable* table = table_of(word);
    if (!table->full()) return table->put(child->hash, child);
    if (table->live() >= kSegmentsFrom) return split(table, child, qsbr);
    SlotTable* larger = table->rebuilt<T>(hash_of);
    larger->put(child->hash, child);
    publish(larger, kTable);
    qsbr.retire(table, SlotTable::destroy);
  }

  void remove(T* child, Qsbr& qsbr) {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (kind_of(word) == kOnly) return word_.store(0, std::memory_order_release);
    if (kind_of(word) == kSegments) {
      Segments* segments = segments_of(word);
      segments->set.remove(child->hash, child, hash_of, Retire{qsbr});
      if (--segments->count > 0) return;
      word_.store(0, std::memory_order_release);
      return qsbr.retire(segments, [](void* gone) { delete static_cast<Segments*>(gone); });
    }
    SlotTable* table = table_of(word);
    table->remove(child->hash, child);
    if (table->live() > 0 && !table->sparse()) return;
    if (table->live() == 0) {
      word_.store(0, std::memory_order_release);
    } else {
      publish(table->rebuilt<T>(hash_of), kTable);
    }
    qsbr.retire(table, SlotTable::destroy);
  }

  /// Writer only.
  template <class Visit>
  void each(Visit&& visit) const {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if (word == 0) return;
    if (kind_of(word) == kTable) return table_of(word)->template each<T>(visit);
    if (kind_of(word) == kSegments) return segments_of(word)->set.template each<T>(visit);
    visit(*reinterpret_cast<T*>(word));
  }

 private:
  enum Kind : std::uint64_t { kOnly = 0, kTable = 1, kSegments = 2 };
  // Growing reads every child again: 4096 of them take about 0.1 ms, a quarter of a million milliseconds.
  static constexpr std::uint32_t kSegmentsFrom = 4096;
  struct Segments {
    SlotSegments<64> set;
    std::uint32_t count = 0;
  };
  struct Retire {
    Qsbr& qsbr;
    void operator()(SlotTable* table) const { qsbr.retire(table, SlotTable::destroy); }
  };

  static std::uint64_t hash_of(const T& child) { return child.hash; }
  static Kind kind_of(std::uint64_t word) { return static_cast<Kind>(word & 3); }
  static SlotTable* table_of(std::uint64_t word) { return reinterpret_cast<SlotTable*>(word - kTable); }
  static Segments* segments_of(std::uint64_t word) { return reinterpret_cast<Segments*>(word - kSegments); }
  void publish(void* pointer, Kind kind) {
    word_.store(reinterpret_cast<std::uintptr_t>(pointer) | kind, std::memory_order_release);
  }
  void split(SlotTable* table, T* child, Qsbr& qsbr) {
    auto* segments = new Segments;
    auto free_now = [](SlotTable* old) { SlotTable::destroy(old); };  // nobody has seen it
    table->each<T>([&](T& old) { segments->set.put(old.hash, &old, hash_of, free_now); });
    segments->set.put(child->hash, child, hash_of, free_now);
    segments->count = table->live() + 1;
    publish(segments, kSegments);
    qsbr.retire(table, SlotTable::destroy);
  }

  std::atomic<std::uint64_t> word_{0};
};

}  // namespace tombo::routing
