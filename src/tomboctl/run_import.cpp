#include "tomboctl/run_import.hpp"

#include "config/load.hpp"
#include "tomboctl/replace_file.hpp"
#include "tomboctl/trouble.hpp"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {

using config::Problem;

bool is_error(const Problem& problem) {
  return problem.severity == Problem::Severity::error;
}

int refuse(const std::string& why) {
  fmt::print(stderr, "tomboctl: {}\n", why);
  return kExitRefused;
}

}  // namespace

int run_import(const ImportWish& wish) {
  if (!wish.output.empty() && !wish.force && ::access(wish.output.c_str(), F_OK) == 0) {
    return refuse(fmt::format("{} is there already; --force replaces it", wish.output));
  }
  const config::Imported imported = config::import_mosquitto(wish.file);
  for (const Problem& problem : imported.problems) fmt::print(stderr, "{}\n", to_text(problem));
  if (imported.toml.empty()) return kExitRefused;
  if (wish.output.empty()) {
    fmt::print(stdout, "{}", imported.toml);
    if (std::fflush(stdout) != 0) return refuse("cannot write to stdout");
  } else if (const auto written = replace_file(wish.output, imported.toml); !written) {
    return refuse(written.error());
  }
  return std::any_of(imported.problems.begin(), imported.problems.end(), &is_error) ? kExitRefused : kExitOk;
}

}  // namespace tombo::tomboctl
