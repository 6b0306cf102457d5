#include "auth/acl/filter_algebra.hpp"

#include "mqtt/topic.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tombo::auth::acl {
namespace {

TEST(Covers, KnowsSubsets) {
  for (const auto& [allowed, wanted] : std::vector<std::pair<const char*, const char*>>{{"#", "a"},
                                                                                        {"#", "#"},
                                                                                        {"#", "+/+"},
                                                                                        {"a/#", "a"},
                                                                                        {"a/#", "a/+/b"},
                                                                                        {"a/#", "a/#"},
                                                                                        {"+/b", "a/b"},
                                                                                        {"a/+/#", "a/+/#"},
                                                                                        {"+/#", "#"},
                                                                                        {"+/+/#", "a/b"},
                                                                                        {"$SYS/#", "$SYS/a"}}) {
    EXPECT_TRUE(covers(allowed, wanted)) << allowed << " " << wanted;
  }
  for (const auto& [allowed, wanted] : std::vector<std::pair<const char*, const char*>>{{"a", "#"},
                                                                                        {"a", "+"},
                                                                                        {"a/+", "a/#"},
                                                                                        {"a/+/#", "a/#"},
                                                                                        {"a", "a/#"},
                                                                                        {"#", "$SYS/#"},
                                                                                        {"+/x", "$SYS/x"},
                                                                                        {"a/b", "a"},
                                                                                        {"a", "a/b"},
                                                                                        {"a/+/#", "a"},
                                                                                        {"+", "a/b"}}) {
    EXPECT_FALSE(covers(allowed, wanted)) << allowed << " " << wanted;
  }
}

/// Every filter and topic of up to three levels over a tiny alphabet.
std::vector<std::string> all_texts(const std::vector<std::string>& words) {
  std::vector<std::string> texts = words, last = words;
  for (int level = 1; level < 3; ++level) {
    std::vector<std::string> longer;
    for (const auto& head : last) {
      for (const auto& word : words) longer.push_back(head + "/" + word);
    }
    texts.insert(texts.end(), longer.begin(), longer.end());
    last = longer;
  }
  return texts;
}

TEST(Algebra, AgreesWithTheTopicsThatAreMatched) {
  std::vector<std::string> filters, topics;
  for (const auto& text : all_texts({"a", "b", "+", "#", "$"})) {
    if (mqtt::is_valid_topic_filter(text)) filters.push_back(text);
  }
  // Deeper by one than any filter, with a word that no filter has: enough to tell any two filters apart.
  for (const auto& text : all_texts({"a", "b", "z", "$"})) {
    topics.push_back(text);
    topics.push_back(text + "/z/z");
  }
  for (const auto& one : filters) {
    for (const auto& other : filters) {
      bool subset = true, common = false;
      for (const auto& topic : topics) {
        const bool in_one = mqtt::matches(one, topic), in_other = mqtt::matches(other, topic);
        subset = subset && (!in_other || in_one);
        common = common || (in_one && in_other);
      }
      ASSERT_EQ(covers(one, other), subset) << one << " covers " << other;
      ASSERT_EQ(overlaps(one, other), common) << one << " overlaps " << other;
    }
  }
}

}  // namespace
}  // namespace tombo::auth::acl
