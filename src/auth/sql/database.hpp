#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tombo::auth {

inline constexpr std::size_t kSqlRowsMax = 10'000;          // of one answer
inline constexpr std::size_t kSqlBytesMax = 4U * 1024U * 1024U;

using SqlRow = std::vector<std::optional<std::string>>;     // nothing: NULL
using SqlRows = std::vector<SqlRow>;
using SqlDeadline = std::chrono::steady_clock::time_point;

struct SqlError {
  std::string what;
  bool is_lost = false;  // the connection broke: another one may do better
};

/// One connection to a database.
/// Lives on: one worker at a time; its calls block until the deadline.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  /// Runs one statement with the user name as its only parameter, $1.  The name is never part of the statement's text.
  virtual Result<SqlRows, SqlError> query(const std::string& statement, const std::string& user, SqlDeadline deadline) = 0;
  /// False when it is of no more use: lost, or to a file that was replaced.
  virtual bool is_good() const = 0;
};

/// Where connections come from.
/// Lives on: any thread.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;
  virtual Result<std::unique_ptr<SqlConnection>, SqlError> connect(SqlDeadline deadline) const = 0;
};

/// `where` is what stands behind "postgresql:" and "sqlite:".  SQLite's file is opened, and the statements are tried
/// there; PostgreSQL is not asked yet.  The error says what is wrong.
using MadeSqlDatabase = Result<std::unique_ptr<SqlDatabase>, std::string>;
MadeSqlDatabase make_postgresql(const std::string& where, std::chrono::milliseconds timeout);
MadeSqlDatabase make_sqlite(const std::string& where, std::span<const std::string> statements);

}  // namespace tombo::auth
