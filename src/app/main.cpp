#include "app/application.hpp"
#include "app/cli.hpp"
#include "app/out_of_memory.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  using namespace tombo::app;
  const Parsed parsed = parse_cli(argc, argv);
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  if (parsed.ends) return parsed.exit_code;

  end_when_memory_is_exhausted();
  Application application{parsed.cli};
  return application.run();
}
