#pragma once

#include "auth/principal.hpp"
#include "auth/sql/database.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

/// Whether `password` is the one whose hash a database keeps: as the password file has them, or a SCRAM secret.
/// The error says that it has no known form.  Takes long: for workers.
Result<bool, std::string> fits_hash(const std::string& hash, std::string_view password);

/// Rows of topic filter and access (read, write, readwrite, subscribe, publish or deny).  The error says what is wrong.
Result<std::vector<Grant>, std::string> grants_of(const SqlRows& rows);

/// Rows of a group's name; NULL is none.
std::vector<std::string> groups_of(const SqlRows& rows);

}  // namespace tombo::auth
