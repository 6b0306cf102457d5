#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tombo::tomboctl {

/// What the command line asks about rules, to be answered here from files.
struct AclWish {
  enum class What : std::uint8_t { none, explain, diff };
  What what = What::none;
  bool json = false;
  std::string socket;  // diff: the broker whose clients are compared

  // The rules.  A config file names both others.
  std::string config_file;
  std::string acl_file;
  std::string roles_file;
  // diff: the rules that may come.
  std::string new_acl_file;
  std::string new_roles_file;

  // explain: who wants what.
  std::string user;
  std::string client;
  std::string topic;
  std::string action;
  std::vector<std::string> groups;
  std::vector<std::string> attributes;  // "cn=sensor-7"
  unsigned qos = 0;
  bool retain = false;
  bool anonymous = false;  // nobody vouches for the user name
};

}  // namespace tombo::tomboctl
