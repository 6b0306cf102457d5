#pragma once

#include "auth/backend.hpp"
#include "auth/workers.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/options.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

/// What is wrong with an operator's files and options: "FILE:LINE: what", one line each, all of them at once.
using Problems = std::vector<std::string>;

// What makes each backend out of the options: reads its files, connects to nobody.  Each stands in a directory of its
// own (jwt/, http/, ...) or, where it is not compiled in, in none/ with a factory that says so.
//
// What they may rely on, and must keep to:
//  - `workers` and `clock` outlive the backend.  A backend lives as long as a `done` that it was given is neither called
//    nor destroyed.  Once it was called the backend may be destroyed by the main thread: a task that runs on after that
//    touches only what it owns itself.
//  - When workers.run() says false the verdict is Kind::error with server_busy.
//  - Destruction is on the main thread; it may wait for threads of the backend's own, which drop what waits.
using MadeBackend = Result<std::unique_ptr<Backend>, Problems>;
MadeBackend make_passwords(const config::Options& options, Workers& workers, const Clock& clock);
MadeBackend make_jwt(const config::Options& options, Workers& workers, const Clock& clock);
MadeBackend make_http(const config::Options& options, Workers& workers, const Clock& clock);
MadeBackend make_scram(const config::Options& options, Workers& workers, const Clock& clock);
MadeBackend make_ldap(const config::Options& options, Workers& workers, const Clock& clock);
MadeBackend make_sql(const config::Options& options, Workers& workers, const Clock& clock);

/// The referee behind http.acl_url.
using MadeReferee = Result<std::unique_ptr<Referee>, Problems>;
MadeReferee make_http_acl(const config::Options& options, Workers& workers, const Clock& clock);

/// One way to know a client, as `authentication` and auth.backends name it.
struct BackendKind {
  std::string_view name;
  MadeBackend (*make)(const config::Options& options, Workers& workers, const Clock& clock);
  /// Files and directories that it reads, for whoever watches them; empty texts among them are none.
  std::vector<std::string> (*files)(const config::Options& options);
};
std::span<const BackendKind> backend_kinds();
/// nullptr when there is no such backend.
const BackendKind* find_backend(std::string_view name);

/// "backend X is not compiled in", for the files in none/.
Problems not_compiled_in(std::string_view name);

}  // namespace tombo::auth
