#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tombo::auth {

inline constexpr std::size_t kHttpInFlightMax = 64;          // requests at once, and connections that are kept
inline constexpr std::size_t kHttpHeaderBytesMax = 65'536;   // of an answer

struct HttpResponse {
  std::string problem;  // why there is no answer; empty: there is one
  long status = 0;
  std::string body;
};

/// POSTs JSON to one URL, many at once, over connections that are used again, from one thread of its own.
/// Redirects and proxies are not followed, certificates are checked, an answer has a longest length.
/// Lives on: post() any thread.
class HttpClient {
 public:
  struct Settings {
    std::string url;
    std::vector<std::string> headers;
    std::string ca_file;  // empty: the system's
    std::chrono::milliseconds timeout{3'000};
    std::size_t waiting_max = 1'000;  // requests that are not answered yet
  };
  using Done = std::function<void(HttpResponse)>;

  explicit HttpClient(Settings settings);
  /// Ends its thread; who still waits gets no answer.
  ~HttpClient();

  /// False when too many wait; else `done` is called once, on the client's thread, `timeout` from now at the latest.
  bool post(std::string body, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What is wrong with these settings, one line each, beginning with an option's name.
std::vector<std::string> problems_of(const HttpClient::Settings& settings, const std::string& url_option);

}  // namespace tombo::auth
