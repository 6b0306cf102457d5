#include "bench/plan/scenario.hpp"

#include "base/nearest.hpp"
#include "bench/plan/option.hpp"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace tombo::bench {

namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

/// The value as it would stand on the command line; nothing for what no option takes.
std::optional<std::string> text_of(const toml::node& node, PlanOption::Kind kind) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean(); flag != nullptr && kind == PlanOption::Kind::flag)
    return flag->get() ? "true" : "false";
  if (const auto* whole = node.as_integer(); whole != nullptr && kind == PlanOption::Kind::number)
    return std::to_string(whole->get());
  if (const auto* real = node.as_floating_point(); real != nullptr && kind == PlanOption::Kind::number)
    return fmt::format("{}", real->get());
  const auto* array = node.as_array();
  if (array == nullptr || kind != PlanOption::Kind::text || array->empty()) return std::nullopt;
  std::string joined;
  for (const toml::node& entry : *array) {
    const auto* text = entry.as_string();
    if (text == nullptr) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + text->get();
  }
  return joined;
}

std::string_view wanted_by(PlanOption::Kind kind) {
  switch (kind) {
    case PlanOption::Kind::flag:
      return "must be true or false";
    case PlanOption::Kind::number:
      return "must be a number";
    case PlanOption::Kind::text:
      break;
  }
  return "must be a text in quotes";
}

class Reader {
 public:
  Reader(std::string name, Scenario& scenario) : name_(std::move(name)), scenario_(scenario) {}

  void read(const toml::table& document, Plan base) {
    for (const auto& [key, node] : document) {
      if (key.str() != "run" && key.str() != "defaults") unknown_table(key);
    }
    if (const toml::node* defaults = document.get("defaults"); defaults != nullptr) {
      if (const auto* table = defaults->as_table()) {
        apply(*table, base);
      } else {
        problem(defaults->source(), "the defaults are a table: [defaults]");
      }
    }
    const toml::node* runs = document.get("run");
    if (runs == nullptr) return problem({}, "no run: each begins with a line [[run]]");
    const auto* array = runs->as_array();
    if (array == nullptr || !array->is_homogeneous<toml::table>()) {
      return problem(runs->source(), "a run is written [[run]], with two pairs of brackets: there may be several");
    }
    for (const toml::node& run : *array) {
      Plan plan = base;
      plan.name = fmt::format("run {}", scenario_.plans.size() + 1);
      apply(*run.as_table(), plan);
      scenario_.plans.push_back(std::move(plan));
    }
  }

  void problem(const toml::source_region& where, std::string text) {
    scenario_.problems.push_back(
        {name_, static_cast<int>(where.begin.line), static_cast<int>(where.begin.column), std::move(text)});
  }

 private:
  void unknown_table(const toml::key& key) {
    constexpr std::array<std::string_view, 2> kTables{"run", "defaults"};
    const std::string_view near = nearest(key.str(), kTables);
    std::string text = fmt::format("nothing called '{}' stands here", key.str());
    if (!near.empty()) {
      text += near == "run" ? "; did you mean [[run]]?" : "; did you mean [defaults]?";
    } else if (find_option(key.str()) != nullptr) {
      text += "; put it into [defaults] or a [[run]]";
    }
    problem(key.source(), std::move(text));
  }

  void apply(const toml::table& table, Plan& plan) {
    for (const auto& [key, node] : table) {
      if (find_option(key.str()) == nullptr) unknown_key(key);
    }
    // In the table's order, not the file's: narrow options win over wide ones wherever they stand.
    for (const PlanOption& option : plan_options()) {
      for (const auto& [key, node] : table) {
        if (find_option(key.str()) == &option) set(option, node, plan);
      }
    }
  }

  void unknown_key(const toml::key& key) {
    std::vector<std::string_view> names;
    for (const PlanOption& option : plan_options()) names.push_back(option.name);
    std::string text = fmt::format("unknown option '{}'", key.str());
    if (const std::string_view near = nearest(key.str(), names); !near.empty())
      text += fmt::format("; did you mean '{}'?", near);
    problem(key.source(), std::move(text));
  }

  void set(const PlanOption& option, const toml::node& node, Plan& plan) {
    const auto text = text_of(node, option.kind);
    if (!text) return problem(node.source(), fmt::format("{} {}", option.name, wanted_by(option.kind)));
    if (const auto wrong = option.set(plan, *text)) problem(node.source(), fmt::format("{} {}", option.name, *wrong));
  }

  std::string name_;
  Scenario& scenario_;
};

}  // namespace

Scenario parse_scenario(std::string_view text, const std::string& name, const Plan& base) {
  Scenario scenario;
  Reader reader(name, scenario);
  const toml::parse_result result = toml::parse(text, std::string_view{name});
  if (result) {
    reader.read(result.table(), base);
  } else {
    reader.problem(result.error().source(), fmt::format("this is no valid TOML: {}", result.error().description()));
  }
  std::ranges::stable_sort(scenario.problems, {}, [](const Problem& p) { return std::pair{p.line, p.column}; });
  return scenario;
}

Scenario load_scenario(const std::string& path, const Plan& base) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.fail() && !file.eof())) {
    return {{}, {{path, 0, 0, fmt::format("cannot be read: {}", std::strerror(errno))}}};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) return {{}, {{path, 0, 0, "is too long for a scenario: at most 1 MiB"}}};
  return parse_scenario(text, path, base);
}

}  // namespace tombo::bench
