#include "auth/sql/database.hpp"

#include <fmt/format.h>
#include <postgresql/libpq-fe.h>

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tombo::auth {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

const SqlError kLate{"no answer in time", false};

/// libpq ends its messages with a newline and may use several lines.
std::string first_line(const char* message) {
  const std::string_view text = message == nullptr ? "" : message;
  return std::string(text.substr(0, text.find('\n')));
}

/// False when the deadline came before the socket was ready for `events`.
bool await(const PGconn* connection, short events, SqlDeadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd fd{PQsocket(connection), events, 0};
    const int ready = poll(&fd, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // libpq will say what is wrong
  }
}

/// Adds an answer's rows; what is wrong with them, if something is.
std::optional<SqlError> add_rows(const PGresult* answer, SqlRows& rows, std::size_t& bytes) {
  for (int i = 0; i < PQntuples(answer); ++i) {
    SqlRow row;
    for (int column = 0; column < PQnfields(answer); ++column) {
      const auto length = static_cast<std::size_t>(PQgetlength(answer, i, column));
      bytes += length;
      if (PQgetisnull(answer, i, column) != 0) {
        row.emplace_back();
      } else {
        row.emplace_back(std::in_place, PQgetvalue(answer, i, column), length);
      }
    }
    rows.push_back(std::move(row));
    if (rows.size() > kSqlRowsMax || bytes > kSqlBytesMax) return SqlError{"the answer is too long", false};
  }
  return {};
}

class Postgresql final : public SqlConnection {
 public:
  explicit Postgresql(Connection connection) : connection_(std::move(connection)) {}

  Result<SqlRows, SqlError> query(const std::string& statement, const std::string& user, SqlDeadline deadline) override {
    const char* const values[] = {user.c_str()};  // a name with NUL was refused before
    if (PQsendQueryParams(connection_.get(), statement.c_str(), 1, nullptr, values, nullptr, nullptr, 0) != 1) {
      return Failure{lost()};
    }
    // Row by row, so that an answer of any length is given up before it fills the memory.
    PQsetSingleRowMode(connection_.get());
    auto rows = collect(deadline);
    is_good_ = rows.ok() && PQstatus(connection_.get()) == CONNECTION_OK;
    return rows;
  }

  bool is_good() const override { return is_good_; }

 private:
  SqlError lost() {
    is_good_ = false;
    return {first_line(PQerrorMessage(connection_.get())), true};
  }

  std::optional<SqlError> wait_for_answer(SqlDeadline deadline) {
    for (;;) {
      const int unsent = PQflush(connection_.get());
      if (unsent < 0) return lost();
      if (unsent == 0 && PQisBusy(connection_.get()) == 0) return {};
      if (!await(connection_.get(), static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN), deadline)) return kLate;
      if (PQconsumeInput(connection_.get()) != 1) return lost();
    }
  }

  Result<SqlRows, SqlError> collect(SqlDeadline deadline) {
    SqlRows rows;
    std::size_t bytes = 0;
    for (;;) {
      if (auto wrong = wait_for_answer(deadline)) return Failure{std::move(*wrong)};
      const Answer answer(PQgetResult(connection_.get()));
      if (!answer) return rows;
      const ExecStatusType status = PQresultStatus(answer.get());
      if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) return Failure{error_of(answer.get())};
      if (auto wrong = add_rows(answer.get(), rows, bytes)) return Failure{std::move(*wrong)};
    }
  }

  SqlError error_of(const PGresult* answer) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) return lost();
    const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    if (state == nullptr) return {"the query yields no rows", false};
    if (std::strcmp(state, "57014") == 0) return kLate;  // statement_timeout
    // The server is about to end all connections, or this one.
    const bool is_lost = std::strncmp(state, "57P", 3) == 0;
    return {fmt::format("SQLSTATE {}: {}", state, first_line(PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY))), is_lost};
  }

  Connection connection_;
  bool is_good_ = true;
};

class PostgresqlDatabase final : public SqlDatabase {
 public:
  PostgresqlDatabase(std::string where, milliseconds timeout)
      : where_(std::move(where)), options_(fmt::format("-c statement_timeout={} -c default_transaction_read_only=on", timeout.count())) {}

  Result<std::unique_ptr<SqlConnection>, SqlError> connect(SqlDeadline deadline) const override {
    // What stands in `dbname` overrides what stands before it.
    const char* const names[] = {"options", "fallback_application_name", "dbname", "client_encoding", nullptr};
    const char* const values[] = {options_.c_str(), "tombo", where_.c_str(), "UTF8", nullptr};
    Connection connection(PQconnectStartParams(names, values, 1));
    if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) return failed(connection.get());
    for (PostgresPollingStatusType step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK;) {
      const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (!await(connection.get(), events, deadline)) return Failure{kLate};
      step = PQconnectPoll(connection.get());
      if (step == PGRES_POLLING_FAILED) return failed(connection.get());
    }
    PQsetnonblocking(connection.get(), 1);
    return std::unique_ptr<SqlConnection>(std::make_unique<Postgresql>(std::move(connection)));
  }

 private:
  static Failure<SqlError> failed(const PGconn* connection) {
    return Failure{SqlError{connection == nullptr ? "out of memory" : first_line(PQerrorMessage(connection)), false}};
  }

  std::string where_;
  std::string options_;
};

}  // namespace

MadeSqlDatabase make_postgresql(const std::string& where, milliseconds timeout) {
  char* problem = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(where.c_str(), &problem);
  if (parsed == nullptr) {
    std::string what = first_line(problem);
    PQfreemem(problem);
    return Failure{std::move(what)};
  }
  PQconninfoFree(parsed);
  return std::unique_ptr<SqlDatabase>(std::make_unique<PostgresqlDatabase>(where, timeout));
}

}  // namespace tombo::auth
