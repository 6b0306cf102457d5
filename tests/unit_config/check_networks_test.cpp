#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tombo::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string told(const std::string& listener) {
  const Loaded loaded = load_toml("allow_anonymous = true\n[[listener]]\n" + listener, "tombo.toml");
  std::string all;
  for (const Problem& problem : loaded.problems) all += to_text(problem) + "\n";
  return all;
}

TEST(CheckNetworks, NamesTheOneThatCannotBeRead) {
  for (const std::string key : {"proxy_networks", "allow_networks", "deny_networks", "websocket_trusted_proxies"}) {
    EXPECT_THAT(told(key + " = [\"10.0.0.0/8\", \"::1\"]\n"), IsEmpty());
    EXPECT_THAT(told(key + " = [\"10.0.0.0/8\",\n\"lan\"]\n"),
                AllOf(HasSubstr("tombo.toml:3:"), HasSubstr("'" + key + "' in [[listener]]: \"lan\" is no network")));
    EXPECT_THAT(told(key + " = [\"10.1.0.0/8\"]\n"), HasSubstr("\"10.0.0.0/8\" is the network that holds it"));
  }
}

TEST(CheckNetworks, WantsToKnowWhoMaySendAProxyHeader) {
  EXPECT_THAT(told("proxy_protocol = \"required\"\n"), AllOf(HasSubstr("tombo.toml:3:"), HasSubstr("needs proxy_networks")));
  EXPECT_THAT(told("proxy_protocol = \"required\"\nproxy_networks = [\"127.0.0.1\"]\n"), IsEmpty());
  EXPECT_THAT(told("proxy_protocol = \"required\"\naddress = \"unix:/run/tombo.sock\"\n"), Not(HasSubstr("proxy_networks")));
}

}  // namespace
}  // namespace tombo::config
