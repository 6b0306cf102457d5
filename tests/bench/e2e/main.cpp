// tombo_e2e: loads brokers and measures what a message costs them.  See usage() below.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "compare.hpp"
#include "scenario.hpp"
#include "way.hpp"

namespace {

using namespace tombo::bench;

constexpr int kUsageError = 2;

void usage() {
  fmt::print(
      "usage: tombo_e2e list\n"
      "       tombo_e2e run SCENARIO --port P --pid PID [--way WAY] [--seconds S] [--json] [--relay-mode]\n"
      "       tombo_e2e compare --a CMD --b CMD [--a-single CMD] [--relay PATH] [--rounds 3]\n"
      "                 [--seconds 2] [--only s1,s2] [--targets] [--markdown FILE] [--samples FILE]\n"
      "                 [--a-name NAME] [--b-name NAME] [--port-base 21883] [--template NAME=FILE]...\n"
      "                 [--foreign-max CORES]   repeat runs that other processes disturb\n"
      "                 [--a-way WAY] [--b-way WAY]   tcp; tls13 or tls12 with resume, certificate=PEM; ws, ws_packets;\n"
      "                                         login=USER:PASSWORD; joined by commas\n"
      "In commands {{port}}, {{dir}}, {{mosquitto_conf}} and {{NAME}} of a template are replaced.\n"
      "Exit code: 0; 1 a broker broke a promise or stood still; 2 usage; 3 a target was missed.\n");
}

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename T>
T parse_number(const std::string& text, T least, T most) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw UsageError(fmt::format("not a number from {} to {}: {}", least, most, text));
  }
  return value;
}

/// Walks over the words after the subcommand.
class Arguments {
 public:
  Arguments(int argc, char** argv) : words_(argv + std::min(argc, 2), argv + argc) {}

  [[nodiscard]] bool more() const { return at_ < words_.size(); }
  std::string next() {
    if (!more()) throw UsageError("a value is missing at the end");
    return words_[at_++];
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

Way read_way(const std::string& text) {
  try {
    return parse_way(text);
  } catch (const std::exception& e) {
    throw UsageError(e.what());
  }
}

std::string checked_way(std::string text) {
  static_cast<void>(read_way(text));
  return text;
}

int run_one(Arguments arguments) {
  const auto name = arguments.next();
  const auto* scenario = find_scenario(name);
  if (scenario == nullptr) throw UsageError("no such scenario: " + name + " (see tombo_e2e list)");
  Target target{};
  pid_t pid = 0;
  double seconds = 2;
  bool json = false;
  Way way;
  target.way = &way;
  while (arguments.more()) {
    const auto option = arguments.next();
    if (option == "--port")
      target.port = parse_number<std::uint16_t>(arguments.next(), 1, 65534);
    else if (option == "--pid")
      pid = parse_number<pid_t>(arguments.next(), 1, 1 << 30);
    else if (option == "--way")
      way = read_way(arguments.next());
    else if (option == "--seconds")
      seconds = parse_number<double>(arguments.next(), 0.1, 3600);
    else if (option == "--json")
      json = true;
    else if (option == "--relay-mode")
      target.relay = true;
    else
      throw UsageError("unknown option " + option);
  }
  if (target.port == 0 || pid == 0) throw UsageError("run needs --port and --pid");
  if (target.relay && !scenario->relay) throw UsageError(name + " makes no sense against a relay");
  alarm(time_limit_s(seconds));
  const ProcessMeter meter(pid);
  const auto result = scenario->run({target, meter, seconds});
  if (json) {
    fmt::print("{}\n", to_json(result));
  } else {
    for (const auto& [metric, value] : result.metrics) fmt::print("{:24} {:>14.3f}\n", metric, value);
  }
  return 0;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void add_template(CompareOptions& options, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) throw UsageError("--template wants NAME=FILE");
  options.templates[text.substr(0, equals)] = read_file(text.substr(equals + 1));
}

void add_only(CompareOptions& options, const std::string& text) {
  std::istringstream names(text);
  for (std::string name; std::getline(names, name, ',');) {
    if (find_scenario(name) == nullptr) throw UsageError("no such scenario: " + name);
    options.only.push_back(name);
  }
}

int compare(Arguments arguments) {
  CompareOptions options;
  while (arguments.more()) {
    const auto option = arguments.next();
    if (option == "--a")
      options.a = arguments.next();
    else if (option == "--b")
      options.b = arguments.next();
    else if (option == "--a-single")
      options.a_single = arguments.next();
    else if (option == "--relay")
      options.relay = arguments.next();
    else if (option == "--a-way")
      options.a_way = checked_way(arguments.next());
    else if (option == "--b-way")
      options.b_way = checked_way(arguments.next());
    else if (option == "--rounds")
      options.rounds = parse_number<int>(arguments.next(), 1, 1000);
    else if (option == "--seconds")
      options.seconds = parse_number<double>(arguments.next(), 0.1, 3600);
    else if (option == "--foreign-max")
      options.foreign_max = parse_number<double>(arguments.next(), 0, 1000);
    else if (option == "--only")
      add_only(options, arguments.next());
    else if (option == "--targets")
      options.report.targets = true;
    else if (option == "--markdown")
      options.markdown_file = arguments.next();
    else if (option == "--samples")
      options.samples_file = arguments.next();
    else if (option == "--a-name")
      options.report.a_name = arguments.next();
    else if (option == "--b-name")
      options.report.b_name = arguments.next();
    else if (option == "--port-base")
      options.port_base = parse_number<std::uint16_t>(arguments.next(), 1024, 31'000);
    else if (option == "--template")
      add_template(options, arguments.next());
    else
      throw UsageError("unknown option " + option);
  }
  if (options.a.empty() && options.b.empty()) throw UsageError("compare needs --a or --b");
  return run_compare(options);
}

int run(const std::string& command, const Arguments& arguments) {
  if (command == "run") return run_one(arguments);
  if (command == "compare") return compare(arguments);
  if (command == "list") {
    for (const auto& scenario : scenarios()) fmt::print("{:14} {}\n", scenario.name, scenario.description);
    return 0;
  }
  usage();
  return command == "--help" || command == "-h" ? 0 : kUsageError;
}

}  // namespace

int main(int argc, char** argv) {
  install_child_guard();
  // The default slack of 50 µs would show up in every latency.
  prctl(PR_SET_TIMERSLACK, 1);
  try {
    return run(argc > 1 ? argv[1] : "", Arguments(argc, argv));
  } catch (const UsageError& e) {
    fmt::print(stderr, "tombo_e2e: {}\n", e.what());
    usage();
    return kUsageError;
  } catch (const std::exception& e) {
    fmt::print(stderr, "tombo_e2e: FAILED: {}\n", e.what());
    return 1;
  }
}
