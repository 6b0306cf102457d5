#include "auth/sql/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace tombo::auth {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kStepsBetweenLooks = 1'000;  // of SQLite's machine, at the clock

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

/// Which file a name means: another one after a mv.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};
FileId id_of(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 ? FileId{found.st_dev, found.st_ino} : FileId{};
}

class Sqlite final : public SqlConnection {
 public:
  static Result<std::unique_ptr<Sqlite>, SqlError> open(const std::string& path) {
    std::unique_ptr<Sqlite> made(new Sqlite(path));
    sqlite3* database = nullptr;
    const int result = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    made->database_.reset(database);
    if (result != SQLITE_OK) return Failure{SqlError{sqlite3_errstr(result), false}};
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_progress_handler(
        database, kStepsBetweenLooks,
        [](void* self) { return steady_clock::now() >= static_cast<Sqlite*>(self)->deadline_ ? 1 : 0; }, made.get());
    return made;
  }

  Result<SqlRows, SqlError> query(const std::string& text, const std::string& user, SqlDeadline deadline) override {
    deadline_ = deadline;
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    sqlite3_busy_timeout(database_.get(), static_cast<int>(std::max<std::int64_t>(left, 1)));
    auto statement = prepare(text);
    if (!statement) return Failure{statement.error()};
    const int parameters = sqlite3_bind_parameter_count(statement->get());
    if (parameters == 1 && sqlite3_bind_text64(statement->get(), 1, user.data(), user.size(), SQLITE_TRANSIENT,
                                               SQLITE_UTF8) != SQLITE_OK) {
      return Failure{error()};
    }
    return rows(statement->get());
  }

  bool is_good() const override { return id_of(path_) == file_; }

  /// One statement that only reads and knows no parameter but the first.
  Result<Statement, SqlError> prepare(const std::string& text) {
    sqlite3_stmt* made = nullptr;
    const char* rest = nullptr;
    if (sqlite3_prepare_v2(database_.get(), text.data(), static_cast<int>(text.size()), &made, &rest) != SQLITE_OK) {
      return Failure{error()};
    }
    Statement statement(made);
    const std::string_view behind(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (!statement || behind.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
      return Failure{SqlError{"a query is exactly one statement", false}};
    }
    if (sqlite3_stmt_readonly(made) == 0) return Failure{SqlError{"a query only reads", false}};
    const int parameters = sqlite3_bind_parameter_count(made);
    const char* name = parameters == 1 ? sqlite3_bind_parameter_name(made, 1) : nullptr;
    const std::string_view known = name == nullptr ? "?" : name;
    if (parameters > 1 || (known != "?" && known != "?1" && known != "$1")) {
      return Failure{SqlError{"the only parameter is $1, the user name", false}};
    }
    return statement;
  }

 private:
  explicit Sqlite(const std::string& path) : path_(path), file_(id_of(path)) {}

  SqlError error() const {
    const int code = sqlite3_errcode(database_.get());
    if (code == SQLITE_INTERRUPT || code == SQLITE_BUSY) return {"no answer in time", false};
    return {sqlite3_errmsg(database_.get()), false};
  }

  Result<SqlRows, SqlError> rows(sqlite3_stmt* statement) {
    SqlRows rows;
    std::size_t bytes = 0;
    for (;;) {
      const int result = sqlite3_step(statement);
      if (result == SQLITE_DONE) return rows;
      if (result != SQLITE_ROW) return Failure{error()};
      SqlRow row;
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        const auto length = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        bytes += length;
        if (text == nullptr) {
          row.emplace_back();
        } else {
          row.emplace_back(std::in_place, text, length);
        }
      }
      rows.push_back(std::move(row));
      if (rows.size() > kSqlRowsMax || bytes > kSqlBytesMax) return Failure{SqlError{"the answer is too long", false}};
    }
  }

  std::string path_;
  FileId file_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  SqlDeadline deadline_ = SqlDeadline::max();
};

class SqliteDatabase final : public SqlDatabase {
 public:
  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
  Result<std::unique_ptr<SqlConnection>, SqlError> connect(SqlDeadline) const override {
    auto made = Sqlite::open(path_);
    if (!made) return Failure{made.error()};
    return std::unique_ptr<SqlConnection>(std::move(*made));
  }

 private:
  std::string path_;
};

}  // namespace

MadeSqlDatabase make_sqlite(const std::string& where, std::span<const std::string> statements) {
  if (where.empty() || where.starts_with(':') || where.starts_with("file:")) {
    return Failure{std::string("sqlite: wants the path of a file")};
  }
  auto connection = Sqlite::open(where);
  if (!connection) return Failure{fmt::format("{}: cannot be opened: {}", where, connection.error().what)};
  for (const std::string& statement : statements) {
    if (statement.empty()) continue;
    const auto prepared = (*connection)->prepare(statement);
    if (!prepared) return Failure{fmt::format("{}: {}, in \"{}\"", where, prepared.error().what, statement)};
  }
  return std::unique_ptr<SqlDatabase>(std::make_unique<SqliteDatabase>(where));
}

}  // namespace tombo::auth
