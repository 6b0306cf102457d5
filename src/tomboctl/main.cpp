#include "tomboctl/cli.hpp"
#include "tomboctl/run.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  using namespace tombo::tomboctl;
  const Parsed parsed = parse_cli(argc, argv);
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  return parsed.ends ? parsed.exit_code : run(parsed.invocation);
}
