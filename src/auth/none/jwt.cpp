#include "auth/backends.hpp"

namespace tombo::auth {

MadeBackend make_jwt(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("jwt")}; }

}  // namespace tombo::auth
