#include "plugin/plugin_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::plugin {
namespace {

class NoActions final : public HostActions {
 public:
  bool publish(OwnMessage) override { return false; }
  bool kick(std::string, mqtt::ReasonCode) override { return false; }
};

TEST(WithoutPlugins, ABrokerStartsWhereNoneAreWanted) {
  ManualClock clock;
  NoActions actions;
  auto loaded = Plugins::load({}, clock, {}, actions);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded.value(), nullptr);
}

TEST(WithoutPlugins, ABrokerRefusesThoseThatAreWanted) {
  ManualClock clock;
  NoActions actions;
  config::Plugin wanted;
  wanted.name = "p";
  wanted.path = "/p.so";
  const auto loaded = Plugins::load({wanted}, clock, {}, actions);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error(), ::testing::ElementsAre(::testing::HasSubstr("plugin 'p': this tombo was built without plugins")));
}

}  // namespace
}  // namespace tombo::plugin
