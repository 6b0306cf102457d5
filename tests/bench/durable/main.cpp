// tombo_durable: loads a broker that keeps what it acknowledges.  durable.py starts brokers and makes the tables.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "load.hpp"

namespace {

using tombo::bench::Load;

constexpr int kUsageError = 2;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename T>
void read_number(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) throw UsageError("not a number: " + text);
}

/// Takes one option; true if `value` was its value.
bool take(Load& load, const std::string& option, const std::string& value) {
  if (option == "--retain" || option == "--online") {
    (option == "--retain" ? load.retain : load.online) = true;
    return false;
  }
  if (option == "--port")
    read_number(value, load.port);
  else if (option == "--sessions")
    read_number(value, load.sessions);
  else if (option == "--filters")
    read_number(value, load.filters);
  else if (option == "--publishers")
    read_number(value, load.publishers);
  else if (option == "--window")
    read_number(value, load.window);
  else if (option == "--count")
    read_number(value, load.count);
  else if (option == "--seconds")
    read_number(value, load.seconds);
  else if (option == "--rate")
    read_number(value, load.rate);
  else if (option == "--payload")
    read_number(value, load.payload);
  else if (option == "--ledger")
    load.ledger = value;
  else if (option == "--directory")
    load.directory = value;
  else
    throw UsageError("unknown option " + option);
  return true;
}

int run(int argc, char** argv) {
  const std::map<std::string, void (*)(const Load&)> commands{{"prepare", tombo::bench::prepare},
                                                              {"drain", tombo::bench::drain},
                                                              {"publish", tombo::bench::publish},
                                                              {"raw-sync", tombo::bench::raw_sync}};
  const auto command = commands.find(argc > 1 ? argv[1] : "");
  if (command == commands.end())
    throw UsageError("usage: tombo_durable prepare|publish|drain|raw-sync [--option value]...");
  Load load;
  for (int i = 2; i < argc; ++i) {
    if (take(load, argv[i], i + 1 < argc ? argv[i + 1] : "")) ++i;
  }
  command->second(load);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // The default slack of 50 µs would show up in every latency.
  prctl(PR_SET_TIMERSLACK, 1);
  try {
    return run(argc, argv);
  } catch (const UsageError& e) {
    fmt::print(stderr, "tombo_durable: {}\n", e.what());
    return kUsageError;
  } catch (const std::exception& e) {
    fmt::print(stderr, "tombo_durable: FAILED: {}\n", e.what());
    return 1;
  }
}
