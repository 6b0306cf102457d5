#pragma once

#include "base/result.hpp"
#include "tomboctl/trouble.hpp"

#include <cstdint>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace tombo::tomboctl {

using Json = nlohmann::ordered_json;

/// The connection to a broker's control socket.
class Channel {
 public:
  Channel() = default;
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Result<void, Trouble> open(const std::string& path);
  /// Sends a command and hands over its pages one by one; stops early when `take` returns false.
  Result<void, Trouble> call(const std::string& command, const Json& arguments, const std::function<bool(const Json&)>& take);

 private:
  Result<void, Trouble> send(const std::string& line);
  Result<std::string, Trouble> read_line();

  int descriptor_ = -1;
  std::string path_;
  std::string in_;
  std::size_t used_ = 0;  // of in_
  std::int64_t last_id_ = 0;
};

}  // namespace tombo::tomboctl
