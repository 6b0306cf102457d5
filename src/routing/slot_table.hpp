#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <new>

namespace tombo::routing {

/// An open-addressing table of pointers that readers search without a lock while one writer changes it.
/// A slot is one word, 16 bits of hash above a 48-bit pointer, so it is never seen half written.  Removed slots
/// become tombstones rather than shift: a reader may be on its way past them.
/// Lives on: any thread for find(); one writer at a time for the rest.
class alignas(std::uint64_t) SlotTable {
 public:
  static SlotTable* create(std::uint32_t capacity) {
    void* memory = ::operator new(sizeof(SlotTable) + capacity * sizeof(Slot));
    auto* table = new (memory) SlotTable(capacity);
    for (std::uint32_t i = 0; i < capacity; ++i) new (table->slots() + i) Slot(0);
    return table;
  }
  static void destroy(void* table) { ::operator delete(table); }

  template <class T, class Equal>
  T* find(std::uint64_t hash, Equal&& equal) const {
    for (std::uint32_t i = index_of(hash);; i = (i + 1) & mask_) {
      const std::uint64_t slot = slots()[i].load(std::memory_order_acquire);
      if (slot == 0) return nullptr;
      if (slot >> 48 != hash >> 48 || slot == kTombstone) continue;
      T* object = pointer_of<T>(slot);
      if (equal(*object)) return object;
    }
  }

  /// The first object whose hash may be this one; to be compared in full.
  template <class T>
  T* first(std::uint64_t hash) const {
    return find<T>(hash, [](const T&) { return true; });
  }
  /// Two steps ahead of a search: the table itself, then the slot, for which the table is read.
  void prefetch() const { __builtin_prefetch(this); }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots() + index_of(hash)); }

  /// The caller has made sure that there is room and that the object is not in.
  void put(std::uint64_t hash, const void* object) {
    std::uint32_t i = index_of(hash);
    std::uint64_t slot = slots()[i].load(std::memory_order_relaxed);
    while (slot > kTombstone) {
      i = (i + 1) & mask_;
      slot = slots()[i].load(std::memory_order_relaxed);
    }
    if (slot == 0) ++used_;
    ++live_;
    slots()[i].store(word_of(hash, object), std::memory_order_release);
  }

  bool remove(std::uint64_t hash, const void* object) {
    const std::uint64_t wanted = word_of(hash, object);
    for (std::uint32_t i = index_of(hash);; i = (i + 1) & mask_) {
      const std::uint64_t slot = slots()[i].load(std::memory_order_relaxed);
      if (slot == 0) return false;
      if (slot != wanted) continue;
      const bool last = slots()[(i + 1) & mask_].load(std::memory_order_relaxed) == 0;
      slots()[i].store(last ? 0 : kTombstone, std::memory_order_release);
      if (last) --used_;
      --live_;
      return true;
    }
  }

  template <class T, class Visit>
  void each(Visit&& visit) const {
    for (std::uint32_t i = 0; i <= mask_; ++i) {
      const std::uint64_t slot = slots()[i].load(std::memory_order_relaxed);
      if (slot > kTombstone) visit(*pointer_of<T>(slot));
    }
  }

  std::uint32_t capacity() const { return mask_ + 1; }
  std::uint32_t live() const { return live_; }
  bool full() const { return (used_ + 1) * 4 > capacity() * 3; }
  /// So empty that half the slots, or fewer, would do for long.
  bool sparse() const { return capacity() > kCapacityMin && live_ * 8 < capacity(); }

  /// A copy with room for more, without tombstones.
  template <class T, class HashOf>
  SlotTable* rebuilt(HashOf&& hash_of) const {
    SlotTable* table = create(std::max(kCapacityMin, std::bit_ceil(live_ * 2 + 1)));
    each<T>([&](T& object) { table->put(hash_of(object), &object); });
    return table;
  }

  static constexpr std::uint32_t kCapacityMin = 4;

 private:
  using Slot = std::atomic<std::uint64_t>;
  static constexpr std::uint64_t kTombstone = 1;
  static constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << 48) - 1;

  explicit SlotTable(std::uint32_t capacity) : mask_(capacity - 1) {}
  static std::uint64_t word_of(std::uint64_t hash, const void* object) {
    return (hash & ~kPointerMask) | reinterpret_cast<std::uintptr_t>(object);
  }
  template <class T>
  static T* pointer_of(std::uint64_t slot) {
    return reinterpret_cast<T*>(slot & kPointerMask);
  }
  /// The lowest bits choose a segment and the highest are the tag, so the place comes from between.
  std::uint32_t index_of(std::uint64_t hash) const { return static_cast<std::uint32_t>(hash >> 8) & mask_; }
  Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
  const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }

  std::uint32_t mask_;
  std::uint32_t used_ = 0;  // with tombstones
  std::uint32_t live_ = 0;
};

/// Many slot tables, chosen by hash: each is small, so its growth holds nobody up for long.
/// `retire` gets a table that readers may still search.
/// Lives on: any thread for find(); one writer at a time for the rest.
template <std::size_t Count>
class SlotSegments {
 public:
  static_assert(std::has_single_bit(Count) && Count <= 256);
  SlotSegments() = default;
  SlotSegments(const SlotSegments&) = delete;
  SlotSegments& operator=(const SlotSegments&) = delete;
  ~SlotSegments() {
    for (auto& segment : segments_) SlotTable::destroy(segment.load(std::memory_order_relaxed));
  }

  template <class T, class Equal>
  T* find(std::uint64_t hash, Equal&& equal) const {
    const SlotTable* table = segments_[hash % Count].load(std::memory_order_acquire);
    return table == nullptr ? nullptr : table->template find<T>(hash, equal);
  }

  /// The table that has this hash if any has, or null.
  const SlotTable* table_of(std::uint64_t hash) const {
    return segments_[hash % Count].load(std::memory_order_acquire);
  }

  template <class T, class HashOf, class Retire>
  void put(std::uint64_t hash, T* object, HashOf&& hash_of, Retire&& retire) {
    auto& segment = segments_[hash % Count];
    SlotTable* table = segment.load(std::memory_order_relaxed);
    if (table == nullptr) {
      table = SlotTable::create(SlotTable::kCapacityMin);
      table->put(hash, object);
      segment.store(table, std::memory_order_release);
      return;
    }
    if (table->full()) table = replace<T>(segment, hash_of, retire);
    table->put(hash, object);
  }

  template <class T, class HashOf, class Retire>
  bool remove(std::uint64_t hash, const T* object, HashOf&& hash_of, Retire&& retire) {
    auto& segment = segments_[hash % Count];
    SlotTable* table = segment.load(std::memory_order_relaxed);
    if (table == nullptr || !table->remove(hash, object)) return false;
    if (table->live() == 0) {
      segment.store(nullptr, std::memory_order_release);
      retire(table);
    } else if (table->sparse()) {
      replace<T>(segment, hash_of, retire);
    }
    return true;
  }

  template <class T, class Visit>
  void each(Visit&& visit) const {
    for (auto& segment : segments_) {
      if (const SlotTable* table = segment.load(std::memory_order_relaxed)) table->each<T>(visit);
    }
  }

 private:
  template <class T, class HashOf, class Retire>
  static SlotTable* replace(std::atomic<SlotTable*>& segment, HashOf&& hash_of, Retire&& retire) {
    SlotTable* old = segment.load(std::memory_order_relaxed);
    SlotTable* table = old->rebuilt<T>(hash_of);
    segment.store(table, std::memory_order_release);
    retire(old);
    return table;
  }

  std::array<std::atomic<SlotTable*>, Count> segments_{};
};

}  // namespace tombo::routing
