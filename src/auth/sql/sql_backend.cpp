#include "auth/backends.hpp"
#include "auth/breaker.hpp"
#include "auth/connection_pool.hpp"
#include "auth/sql/database.hpp"
#include "auth/sql/rows.hpp"
#include "auth/verdict_cache.hpp"

#include <fmt/format.h>

#include <utility>

namespace tombo::auth {

namespace {

constexpr std::string_view kPostgresql = "postgresql:";
constexpr std::string_view kSqlite = "sqlite:";

Verdict verdict(Verdict::Kind kind, std::string why) {
  Verdict made;
  made.kind = kind;
  made.why = std::move(why);
  if (kind == Verdict::Kind::error) made.reason = mqtt::ReasonCode::server_unavailable;
  return made;
}

/// What workers share; it lives as long as one of them uses it.
class SqlUsers {
 public:
  SqlUsers(const config::Options& options, const Clock& clock, std::unique_ptr<SqlDatabase> database)
      : options_(options.sql),
        database_(std::move(database)),
        breaker_(clock, kBreakerFailures, kBreakerPause),
        cache_(clock, options.auth.cache_entries_max) {}

  /// What is remembered of a login.
  std::optional<Verdict> remembered(const Login& login) { return cache_.find(key_of(login)); }

  /// Asks the database.  Blocks until the deadline at most, and while a hash is made.
  Verdict judge(const Login& login) {
    if (!breaker_.may_ask()) return verdict(Verdict::Kind::error, "the database failed too often and is left alone");
    auto found = find(login);
    if (!found) {
      breaker_.failed();
      return verdict(Verdict::Kind::error, found.error().what);
    }
    breaker_.succeeded();
    if (found->kind == Verdict::Kind::allow) {
      cache_.keep(key_of(login), *found, Seconds{options_.cache_ttl_s});
    }
    return std::move(*found);
  }

 private:
  KeyedHash::Digest key_of(const Login& login) const {
    return cache_.hash().of({login.user_name, login.has_password ? "1" : "0", login.password});
  }

  /// Rows from a connection that was used before, or, if that one broke meanwhile, from a new one.
  Result<SqlRows, SqlError> query(const std::string& statement, const std::string& user, SqlDeadline deadline) {
    auto connection = pool_.take();
    while (connection && !connection->is_good()) connection = pool_.take();
    if (connection) {
      auto rows = connection->query(statement, user, deadline);
      if (connection->is_good()) pool_.give(std::move(connection));
      if (rows || !rows.error().is_lost) return rows;
    }
    auto made = database_->connect(deadline);
    if (!made) return Failure{made.error()};
    auto rows = (*made)->query(statement, user, deadline);
    if ((*made)->is_good()) pool_.give(std::move(*made));
    return rows;
  }

  struct Failed {
    std::string what;
  };

  Result<Verdict, Failed> find(const Login& login) {
    const SqlDeadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.timeout_ms);
    const auto rows = query(options_.password_query, login.user_name, deadline);
    if (!rows) return Failure{Failed{rows.error().what}};
    if (rows->empty()) return verdict(Verdict::Kind::unknown, "unknown user");
    if (rows->size() > 1 || rows->front().empty()) return Failure{Failed{"password_query yields more than one hash"}};
    if (!login.has_password) return verdict(Verdict::Kind::deny, "no password");
    const auto& hash = rows->front().front();
    if (!hash || hash->empty()) return verdict(Verdict::Kind::deny, "no hash is stored");
    const auto fits = fits_hash(*hash, login.password);
    if (!fits) return Failure{Failed{fits.error()}};
    if (!*fits) return verdict(Verdict::Kind::deny, "wrong password");
    return allowed(login.user_name, deadline);
  }

  Result<Verdict, Failed> allowed(const std::string& user, SqlDeadline deadline) {
    auto principal = std::make_shared<Principal>();
    principal->user_name = user;
    principal->backend = "sql";
    if (!options_.groups_query.empty()) {
      const auto rows = query(options_.groups_query, user, deadline);
      if (!rows) return Failure{Failed{rows.error().what}};
      principal->groups = groups_of(*rows);
    }
    if (!options_.acl_query.empty()) {
      const auto rows = query(options_.acl_query, user, deadline);
      if (!rows) return Failure{Failed{rows.error().what}};
      auto grants = grants_of(*rows);
      if (!grants) return Failure{Failed{grants.error()}};
      principal->grants = std::move(*grants);
      principal->has_grants = true;
    }
    Verdict made = verdict(Verdict::Kind::allow, {});
    made.principal = std::move(principal);
    return made;
  }

  const config::Sql options_;
  const std::unique_ptr<SqlDatabase> database_;
  ConnectionPool<SqlConnection> pool_;
  Breaker breaker_;
  VerdictCache cache_;
};

class SqlBackend final : public Backend {
 public:
  SqlBackend(std::shared_ptr<SqlUsers> users, Workers& workers) : users_(std::move(users)), workers_(workers) {}

  std::string_view name() const override { return "sql"; }

  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override {
    if (!login->has_user_name || login->user_name.empty()) return done(verdict(Verdict::Kind::unknown, "no user name"));
    // Databases would take what stands before it for the name.
    if (login->user_name.find('\0') != std::string::npos) return done(verdict(Verdict::Kind::deny, "NUL in the user name"));
    if (const auto known = users_->remembered(*login)) return done(*known);
    if (workers_.run([users = users_, login, done] { done(users->judge(*login)); })) return;
    Verdict busy = verdict(Verdict::Kind::error, "too many logins wait");
    busy.reason = mqtt::ReasonCode::server_busy;
    done(std::move(busy));
  }

 private:
  std::shared_ptr<SqlUsers> users_;
  Workers& workers_;
};

MadeSqlDatabase make_database(const config::Sql& sql) {
  if (sql.database.starts_with(kPostgresql)) {
    return make_postgresql(sql.database.substr(kPostgresql.size()), std::chrono::milliseconds(sql.timeout_ms));
  }
  if (sql.database.starts_with(kSqlite)) {
    const std::string statements[] = {sql.password_query, sql.groups_query, sql.acl_query};
    return make_sqlite(sql.database.substr(kSqlite.size()), statements);
  }
  return Failure{std::string("wants postgresql:CONNINFO or sqlite:PATH")};
}

}  // namespace

MadeBackend make_sql(const config::Options& options, Workers& workers, const Clock& clock) {
  Problems problems;
  auto database = make_database(options.sql);
  if (!database) problems.push_back(fmt::format("'database' in [sql]: {}", database.error()));
  if (options.sql.password_query.empty()) problems.emplace_back("backend sql needs 'password_query' in [sql]");
  if (!problems.empty()) return Failure{std::move(problems)};
  auto users = std::make_shared<SqlUsers>(options, clock, std::move(*database));
  return std::unique_ptr<Backend>(std::make_unique<SqlBackend>(std::move(users), workers));
}

}  // namespace tombo::auth
