#include "auth/backends.hpp"

namespace tombo::auth {

MadeBackend make_sql(const config::Options&, Workers&, const Clock&) { return Failure{not_compiled_in("sql")}; }

}  // namespace tombo::auth
