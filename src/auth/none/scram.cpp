#include "auth/backends.hpp"

namespace tombo::auth {

MadeBackend make_scram(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("scram")}; }

}  // namespace tombo::auth
