#include "auth/acl/policy.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::auth::acl {

namespace {

using config::Problem;
using Problems = std::vector<Problem>;

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

Failure<std::string> no_file(std::string why) {
  return Failure{std::move(why)};
}

/// The whole file; the failure says why not.
Result<std::string, std::string> read_file(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (file.number < 0) return no_file(fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat status {};
  if (::fstat(file.number, &status) != 0) return no_file(fmt::format("cannot be read: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) return no_file("is no ordinary file");
  std::string text;
  std::array<char, 64 * 1024> buffer;
  while (text.size() <= kFileBytesMax) {
    const ssize_t count = ::read(file.number, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return no_file(fmt::format("cannot be read: {}", std::strerror(errno)));
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return no_file(fmt::format("has more than {} bytes", kFileBytesMax));
}

/// Reads the file if one is named.
std::optional<Policy::Source> source_of(const std::string& path, std::string_view key, Problems& problems) {
  if (path.empty()) return std::nullopt;
  auto text = read_file(path);
  if (text) return Policy::Source{path, std::move(*text)};
  problems.push_back({Problem::Severity::error, path, 0, 0, fmt::format("the file that acl.{} names {}", key, text.error()), {}});
  return std::nullopt;
}

bool is_error(const Problem& problem) {
  return problem.severity == Problem::Severity::error;
}

}  // namespace

Result<std::shared_ptr<const Policy>, Problems> Policy::load(const config::Acl& options) {
  Problems problems;
  const auto acl = source_of(options.file, "file", problems);
  const auto roles = source_of(options.roles_file, "roles_file", problems);
  auto policy = parse(acl ? &*acl : nullptr, roles ? &*roles : nullptr);
  if (problems.empty()) return policy;
  if (!policy) problems.insert(problems.end(), policy.error().begin(), policy.error().end());
  return Failure{std::move(problems)};
}

Result<std::shared_ptr<const Policy>, Problems> Policy::parse(const Source* acl, const Source* roles) {
  const std::shared_ptr<Policy> policy(new Policy);
  Problems problems;
  const auto add_file = [&](const Source& source) {
    policy->files_.push_back(source.name);
    return Complaints(source.name, problems);
  };
  if (acl != nullptr) {
    Complaints complaints = add_file(*acl);
    policy->mosquitto_ = read_mosquitto_acl(acl->text, policy->book_, complaints);
  }
  if (roles != nullptr) {
    Complaints complaints = add_file(*roles);
    policy->roles_ = read_roles(roles->text, policy->book_, complaints);
  }
  for (const Problem& problem : problems) {
    if (is_error(problem)) return Failure{std::move(problems)};
  }
  policy->warnings_ = std::move(problems);
  policy->closed_ = std::make_shared<const std::string>("built in");
  policy->no_rule_ = std::make_shared<const std::string>(fmt::format("{}: no rule", fmt::join(policy->files_, ", ")));
  policy->no_grant_ = std::make_shared<const std::string>("rights of the login");
  return std::shared_ptr<const Policy>(policy);
}

}  // namespace tombo::auth::acl
