#include "auth/backends.hpp"
#include "auth/scram/scram_line.hpp"

namespace tombo::auth {

MadeBackend make_scram(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("scram")}; }

Result<std::string, std::string> edit_scram_lines(std::string_view, std::string_view, std::string_view, const std::string*) {
  return Failure{not_compiled_in("scram").front()};
}

}  // namespace tombo::auth
