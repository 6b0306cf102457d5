#include "auth/backends.hpp"

namespace tombo::auth {

MadeBackend make_http(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("http")}; }
MadeReferee make_http_acl(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("http")}; }

}  // namespace tombo::auth
