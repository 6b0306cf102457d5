#include "tomboctl/channel.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {
constexpr int kVersion = 1;
/// A broker that says nothing for so long is stuck; it tells itself when only a shard is.
constexpr timeval kPatience{30, 0};

Failure<Trouble> no_broker(std::string text) { return Failure{Trouble{kExitNoBroker, std::move(text)}}; }

std::string why(int error, const std::string& path) {
  if (error == ENOENT) return fmt::format("no broker listens at {}: there is no such socket (see [control] in its configuration)", path);
  if (error == ECONNREFUSED) return fmt::format("no broker listens at {}: it has ended", path);
  if (error == EACCES || error == EPERM) return fmt::format("not allowed to use {}: run tomboctl as the broker's user", path);
  return fmt::format("cannot reach a broker at {}: {}", path, std::strerror(error));
}
}  // namespace

Channel::~Channel() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void, Trouble> Channel::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Failure{Trouble{kExitUsage, fmt::format("the path is too long for a socket: {}", path)}};
  path.copy(address.sun_path, path.size());
  path_ = path;
  descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0 || ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return no_broker(why(errno, path));
  }
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  return {};
}

Result<void, Trouble> Channel::send(const std::string& line) {
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = ::send(descriptor_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    // What the broker said before it closed is read and told instead.
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) return {};
    if (count < 0) return no_broker(fmt::format("the broker at {} takes nothing: {}", path_, std::strerror(errno)));
    sent += static_cast<std::size_t>(count);
  }
  return {};
}

Result<std::string, Trouble> Channel::read_line() {
  std::array<char, 64 * 1024> buffer;
  std::size_t searched = used_;
  while (true) {
    const std::size_t end = in_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = in_.substr(used_, end - used_);
      used_ = end + 1;
      return line;
    }
    in_.erase(0, used_);
    used_ = 0;
    searched = in_.size();
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return no_broker(fmt::format("the broker at {} does not answer", path_));
    if (count == 0) return no_broker(fmt::format("the broker at {} closed the connection", path_));
    in_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Result<void, Trouble> Channel::call(const std::string& command, const Json& arguments, const std::function<bool(const Json&)>& take) {
  const Json request{{"v", kVersion}, {"id", ++last_id_}, {"command", command}, {"arguments", arguments}};
  if (auto sent = send(request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"); !sent) return sent;
  while (true) {
    const auto line = read_line();
    if (!line) return Failure{line.error()};
    const Json answer = Json::parse(*line, nullptr, false);
    if (!answer.is_object()) return Failure{Trouble{kExitRefused, fmt::format("what listens at {} is no tombo", path_)}};
    if (const auto error = answer.find("error"); error != answer.end()) {
      const std::string code = error->value("code", "");
      return Failure{Trouble{code == "bad_argument" ? kExitUsage : kExitRefused, error->value("text", code)}};
    }
    const bool goes_on = take(answer);
    if (!goes_on || !answer.value("more", false)) return {};
  }
}

}  // namespace tombo::tomboctl
