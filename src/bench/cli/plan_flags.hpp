#pragma once

#include "bench/plan/option.hpp"

#include <CLI/App.hpp>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace tombo::bench {

/// The options of a run on one sub-command, from the table that scenario files use, too.
class PlanFlags {
 public:
  /// Adds options by their names; "h,host" gives `host` the short form -h, "ws,websocket" another long one.
  void add(CLI::App& command, const char* group, std::initializer_list<std::string_view> names);
  bool given(std::string_view name) const;
  /// Puts what was given into the plan.  Returns what is wrong, or an empty text.
  std::string apply(Plan& plan) const;

 private:
  struct Flag {
    CLI::Option* option = nullptr;
    std::string text;
  };
  std::map<std::string, Flag, std::less<>> flags_;
};

}  // namespace tombo::bench
