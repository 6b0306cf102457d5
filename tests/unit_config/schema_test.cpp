#include "config/schema.hpp"

#include "config/load.hpp"
#include "unit_config/perturb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace tombo::config {
namespace {

/// Fits every field, which is how the fields of an aggregate can be counted.
struct Anything {
  template <class T>
  operator T() const;
};
template <class T, class... Fields>
constexpr std::size_t fields_of() {
  if constexpr (requires { T{Fields{}..., Anything{}}; }) {
    return fields_of<T, Fields..., Anything>();
  } else {
    return sizeof...(Fields);
  }
}

std::size_t rows_of(Section section) {
  std::size_t count = 0;
  for (const Row& row : rows()) count += row.section == section ? 1U : 0U;
  return count;
}

TEST(Schema, HasARowForEveryFieldOfEveryStruct) {
  constexpr std::size_t kSectionFields = 19;  // listeners, limits, mqtt, ... bridges
  constexpr std::size_t kListenerGroups = 4;  // the structs that a listener is made of besides its own fields
  constexpr std::size_t kBridgeGroups = 2;
  EXPECT_EQ(fields_of<Options>() - kSectionFields, rows_of(Section::top));
  EXPECT_EQ(fields_of<Listener>() - kListenerGroups + fields_of<ListenerTls>() + fields_of<ListenerWebSocket>() +
                fields_of<ListenerDoor>() + fields_of<ListenerClients>(),
            rows_of(Section::listener));
  EXPECT_EQ(fields_of<Limits>(), rows_of(Section::limits));
  EXPECT_EQ(fields_of<Mqtt>(), rows_of(Section::mqtt));
  EXPECT_EQ(fields_of<Persistence>(), rows_of(Section::persistence));
  EXPECT_EQ(fields_of<Redirect>(), rows_of(Section::redirect));
  EXPECT_EQ(fields_of<Sys>(), rows_of(Section::sys));
  EXPECT_EQ(fields_of<Log>(), rows_of(Section::log));
  EXPECT_EQ(fields_of<Control>(), rows_of(Section::control));
  EXPECT_EQ(fields_of<Auth>(), rows_of(Section::auth));
  EXPECT_EQ(fields_of<Passwords>(), rows_of(Section::passwords));
  EXPECT_EQ(fields_of<Jwt>(), rows_of(Section::jwt));
  EXPECT_EQ(fields_of<Http>(), rows_of(Section::http));
  EXPECT_EQ(fields_of<Scram>(), rows_of(Section::scram));
  EXPECT_EQ(fields_of<Ldap>(), rows_of(Section::ldap));
  EXPECT_EQ(fields_of<Sql>(), rows_of(Section::sql));
  EXPECT_EQ(fields_of<Acl>(), rows_of(Section::acl));
  EXPECT_EQ(fields_of<Defence>(), rows_of(Section::defence));
  EXPECT_EQ(fields_of<Plugin>(), rows_of(Section::plugin));
  EXPECT_EQ(fields_of<Bridge>() - kBridgeGroups + fields_of<BridgeTls>() + fields_of<BridgeIdentity>(), rows_of(Section::bridge));
  EXPECT_EQ(sections().size(), kSectionFields + 1);
}

TEST(Schema, EveryRowWritesAFieldOfItsOwn) {
  for (const Row& changed : rows()) {
    Options options = with_one_listener();
    void* object = object_of(options, changed.section, 0);
    const Value value = another_value(changed, changed.get(object));
    changed.set(object, value);
    for (const Row& row : rows()) {
      const Value now = row.get(object_of(options, row.section, 0));
      if (&row == &changed) {
        EXPECT_EQ(now, value) << row.key;
      } else {
        EXPECT_EQ(now, default_of(row)) << changed.key << " writes the field of " << row.key;
      }
    }
  }
}

TEST(Schema, KeysAreUniqueWithinTheirSection) {
  std::set<std::pair<Section, std::string_view>> seen;
  for (const Row& row : rows()) EXPECT_TRUE(seen.emplace(row.section, row.key).second) << row.key;
}

TEST(Schema, EveryDefaultLiesWithinItsBounds) {
  for (const Row& row : rows()) {
    const Value usual = default_of(row);
    if (const auto* number = std::get_if<std::uint64_t>(&usual)) {
      EXPECT_GE(*number, row.min) << row.key;
      EXPECT_LE(*number, row.max) << row.key;
    } else if (const auto* text = std::get_if<std::string>(&usual); text != nullptr && !row.choices.empty()) {
      EXPECT_THAT(row.choices, ::testing::Contains(*text)) << row.key;
    }
  }
}

TEST(Schema, EveryNumberIsBounded) {
  for (const Row& row : rows()) {
    if (row.type == Type::number || row.type == Type::size) {
      EXPECT_LT(row.max, std::numeric_limits<std::uint64_t>::max()) << row.key;
      EXPECT_LT(row.min, row.max) << row.key;
    }
  }
}

TEST(Schema, EveryRowIsExplainedInOneSentence) {
  for (const Row& row : rows()) {
    EXPECT_GT(row.what.size(), 8U) << row.key;
    EXPECT_TRUE(row.what.ends_with('.')) << row.key;
    EXPECT_EQ(row.what.find(". "), std::string_view::npos) << row.key << " has more than one sentence";
    EXPECT_EQ(row.what.find('|'), std::string_view::npos)
        << row.key << " breaks the table of docs/options.md";
  }
}

TEST(Schema, SectionsStandInTheOrderOfTheirEnumeration) {
  std::size_t index = 0;
  for (const SectionInfo& info : sections()) EXPECT_EQ(static_cast<std::size_t>(info.section), index++);
}

}  // namespace
}  // namespace tombo::config
