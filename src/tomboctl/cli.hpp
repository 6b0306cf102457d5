#pragma once

#include "tomboctl/acl_wish.hpp"
#include "tomboctl/channel.hpp"
#include "tomboctl/import_wish.hpp"
#include "tomboctl/passwd_wish.hpp"
#include "tomboctl/store_wish.hpp"
#include "tomboctl/table.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::tomboctl {

/// What the command line asks for: a command of the protocol, and how its answer is shown.
struct Invocation {
  enum class Shape : std::uint8_t { rows, object, status, top, drain };
  std::string socket = "/run/tombo/control.sock";
  bool json = false;
  std::string command;
  Json arguments = Json::object();
  Shape shape = Shape::object;
  std::vector<Column> columns;
  bool once = false;  // top
  bool wait = false;  // drain
  StoreWish store;    // what == none: the broker is asked
  PasswdWish passwd;  // unless this is wanted
  AclWish acl;        // the same
  ImportWish import;  // the same
};

struct Parsed {
  Invocation invocation;
  bool ends = false;  // nothing to ask: help, version or a mistake
  int exit_code = kExitOk;
  std::string out;  // for stdout
  std::string err;  // for stderr
};

/// Reads the command line; prints nothing itself.
Parsed parse_cli(int argc, const char* const* argv);

}  // namespace tombo::tomboctl
