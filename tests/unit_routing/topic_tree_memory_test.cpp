#include "routing/match_batch.hpp"
#include "routing/retained_store.hpp"
#include "routing/topic_tree.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>

// Counts what is allocated, with the allocator's own header, and how often.
namespace {
std::atomic<std::int64_t> bytes_held{0};
std::atomic<std::int64_t> allocations{0};

void* counted(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  bytes_held.fetch_add(static_cast<std::int64_t>(malloc_usable_size(memory) + 8), std::memory_order_relaxed);
  allocations.fetch_add(1, std::memory_order_relaxed);
  return memory;
}
void uncounted(void* memory) noexcept {
  if (memory == nullptr) return;
  bytes_held.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(memory) + 8), std::memory_order_relaxed);
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  uncounted(memory);
}

namespace tombo::routing {
namespace {

std::string device_topic(int number, std::string_view last) {
  const std::string device = std::to_string(1'000'000 + number);
  return "site/" + device.substr(5) + "/dev/" + device.substr(1) + "/sensor/" + std::string(last);
}

double per_filter(TopicTree& tree, Qsbr& qsbr, int count, bool wild) {
  const std::int64_t before = bytes_held;
  for (int i = 0; i < count; ++i) {
    std::string text = device_topic(i, wild && i % 10 < 3 ? "+" : "t");
    tree.add_shard(text, 0);
  }
  qsbr.collect(~std::size_t{0});
  return static_cast<double>(bytes_held - before) / count;
}

TEST(TopicTreeMemory, AnExactFilterNeedsFewBytes) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 1);
  const double bytes = per_filter(tree, qsbr, 100'000, false);
  std::cout << "bytes per exact filter: " << bytes << "\n";
  EXPECT_LT(bytes, 135);
}

TEST(TopicTreeMemory, AMixOfExactAndWildcardFiltersNeedsFewBytes) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 1);
  const double bytes = per_filter(tree, qsbr, 100'000, true);
  std::cout << "bytes per filter, 30 % with '+' below a device of its own: " << bytes << "\n";
  EXPECT_LT(bytes, 200);
}

TEST(TopicTreeMemory, EverythingIsGivenBackWhenTheFiltersGo) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 1);
  tree.remove_shard(tree.add_shard("warm/+", 0), 0);
  qsbr.collect(~std::size_t{0});
  const std::int64_t before = bytes_held;
  std::vector<Filter*> filters;
  filters.reserve(20'000);
  const std::int64_t listed = bytes_held;
  for (int i = 0; i < 20'000; ++i) filters.push_back(tree.add_shard(device_topic(i, i % 2 == 0 ? "+" : "t"), 0));
  for (Filter* filter : filters) tree.remove_shard(filter, 0);
  qsbr.collect(~std::size_t{0});
  // What stays is the list of free ids, four bytes each.
  EXPECT_LT(bytes_held - listed, 20'000 * 8);
  EXPECT_EQ(tree.filters(), 0U);
  EXPECT_GT(listed, before);
}

TEST(TopicTreeMemory, MatchingAllocatesNothingAfterWarmUp) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 1);
  for (const char* filter : {"#", "+/+", "a/b", "a/+", "+/b", "a/#"}) tree.add_shard(filter, 0);
  MatchResult result;
  tree.match("a/b", result);
  const std::int64_t before = allocations;
  for (int i = 0; i < 1000; ++i) tree.match("a/b", result);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(result.filters.size(), 6U);
}

TEST(TopicTreeMemory, MatchingManyAllocatesNothingAfterWarmUp) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 1);
  for (const char* filter : {"#", "+/+", "a/b", "a/+", "+/b", "a/#"}) tree.add_shard(filter, 0);
  auto batch = std::make_unique<MatchBatch>();
  while (!batch->full()) batch->add("a/b");
  tree.match_many(*batch);
  const std::int64_t before = allocations;
  for (int i = 0; i < 1000; ++i) tree.match_many(*batch);
  EXPECT_EQ(allocations, before);
  ASSERT_EQ(batch->size(), MatchBatch::kTopicsMax);
  EXPECT_EQ(batch->result(7).filters.size(), 6U);
}

TEST(RetainedMemory, AMessageNeedsFewBytesBeyondTopicAndPayload) {
  for (const bool siblings : {true, false}) {
    RetainedStore store({});
    constexpr int kCount = 100'000;
    const std::int64_t before = bytes_held;
    std::int64_t content = 0;
    const std::uint8_t payload[64] = {1};
    for (int i = 0; i < kCount; ++i) {
      const std::string topic = siblings ? "all/of/" + std::to_string(i) : device_topic(i, "t");
      content += static_cast<std::int64_t>(topic.size() + sizeof payload);
      const auto message =
          mqtt::Message::create({.topic = topic, .payload = payload, .raw_properties = {}, .expires_at = MonoTime{}});
      ASSERT_EQ(store.store(message), RetainedStore::Stored::added);
    }
    const double bytes = static_cast<double>(bytes_held - before - content) / kCount;
    std::cout << "bytes per retained message beyond topic and payload, "
              << (siblings ? "siblings: " : "a device each: ") << bytes << "\n";
    EXPECT_LT(bytes, 450);
  }
}

}  // namespace
}  // namespace tombo::routing
