#include "tomboctl/cli.hpp"
#include "tomboctl/passwd.hpp"
#include "tomboctl/run.hpp"
#include "tomboctl/run_acl.hpp"
#include "tomboctl/run_import.hpp"
#include "tomboctl/run_store.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  using namespace tombo::tomboctl;
  const Parsed parsed = parse_cli(argc, argv);
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  if (parsed.ends) return parsed.exit_code;
  if (parsed.invocation.passwd.wanted) return run_passwd(parsed.invocation.passwd);
  if (parsed.invocation.import.wanted) return run_import(parsed.invocation.import);
  if (parsed.invocation.acl.what != AclWish::What::none) return run_acl(parsed.invocation.acl);
  return parsed.invocation.store.what == StoreWish::What::none ? run(parsed.invocation) : run_store(parsed.invocation.store);
}
