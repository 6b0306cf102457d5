// Reads the input as a mosquitto.conf, and what it becomes must be TOML that loads to the same options.
#include "config/load.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo::config;

void check(bool holds) {
  if (!holds) std::abort();
}

constexpr std::size_t kProblemsMax = 3'000;  // 200 lines and what the whole file tells of 1000 listeners and bridges

/// Without include_dir: the file system is nobody's input.
bool reads_files(std::string_view text) {
  return text.find("include_dir") != std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (size > 64 * 1024 || reads_files(text)) return 0;
  const Loaded loaded = load_mosquitto(text, "m.conf");
  check(loaded.syntax == Syntax::mosquitto);
  check(loaded.problems.size() <= kProblemsMax);
  for (const Problem& problem : loaded.problems) check(!to_text(problem).empty());
  check(!loaded.options.listeners.empty());
  if (!loaded.ok()) return 0;
  const Loaded again = load_toml(print_toml(loaded.options), "printed");
  check(again.ok());
  check(changes(loaded.options, again.options).empty());
  return 0;
}
