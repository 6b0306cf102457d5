#include "auth/backends.hpp"

namespace tombo::auth {

MadeBackend make_ldap(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("ldap")}; }

}  // namespace tombo::auth
