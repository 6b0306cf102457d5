#include "bench/cli/plan_flags.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <utility>

namespace tombo::bench {

void PlanFlags::add(CLI::App& command, const char* group, std::initializer_list<std::string_view> names) {
  for (const std::string_view spelled : names) {
    const std::size_t comma = spelled.find(',');
    const std::string_view name = comma == spelled.npos ? spelled : spelled.substr(comma + 1);
    const PlanOption* const option = find_option(name);
    TOMBO_ASSERT(option != nullptr);
    const std::string_view other = comma == spelled.npos ? std::string_view{} : spelled.substr(0, comma);
    const std::string shorter =
        other.empty() ? std::string{} : fmt::format("{}{},", other.size() == 1 ? "-" : "--", other);
    const std::string flags = fmt::format("{}--{}", shorter, name);
    Flag& flag = flags_[std::string(name)];
    if (option->kind == PlanOption::Kind::flag) {
      flag.option = command.add_flag(flags, flag.text, std::string(option->what));
    } else {
      flag.option = command.add_option(flags, flag.text, std::string(option->what));
      flag.option->type_name(std::string(option->value));
    }
    flag.option->group(group);
  }
}

bool PlanFlags::given(std::string_view name) const {
  const auto found = flags_.find(name);
  return found != flags_.end() && found->second.option->count() > 0;
}

std::string PlanFlags::apply(Plan& plan) const {
  // In the table's order: a narrower option comes after the wider one.
  for (const PlanOption& option : plan_options()) {
    if (!given(option.name)) continue;
    const auto wrong = option.set(plan, flags_.find(option.name)->second.text);
    if (wrong) return fmt::format("--{} {}", option.name, *wrong);
  }
  return {};
}

}  // namespace tombo::bench
