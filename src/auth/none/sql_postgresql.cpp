#include "auth/sql/database.hpp"

namespace tombo::auth {

MadeSqlDatabase make_postgresql(const std::string&, std::chrono::milliseconds) {
  return Failure{std::string("PostgreSQL is not compiled in")};
}

}  // namespace tombo::auth
