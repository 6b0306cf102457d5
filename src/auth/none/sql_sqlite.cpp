#include "auth/sql/database.hpp"

namespace tombo::auth {

MadeSqlDatabase make_sqlite(const std::string&, std::span<const std::string>) {
  return Failure{std::string("SQLite is not compiled in")};
}

}  // namespace tombo::auth
