#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tombo::test {

/// A small HTTP/1.1 server on a loopback port: each connection has a thread, and answers come from a function of the body.
class HttpServer {
 public:
  struct Reply {
    int status = 200;
    std::string body;
    std::string headers;                    // whole lines, each with its end
    std::chrono::milliseconds after{0};
    std::string raw;                        // instead of all that
    bool hang_up = false;                   // closes without a word
  };
  using Answer = std::function<Reply(const std::string& head, const std::string& body)>;

  explicit HttpServer(Answer answer, std::uint16_t port = 0);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path = "/auth") const;
  std::uint16_t port() const { return port_; }
  int requests() const { return requests_; }
  int connections() const { return connections_; }
  int most_at_once() const { return most_at_once_; }
  std::string last_body();
  std::string last_head();

 private:
  void accept_all();
  void serve(int fd);
  bool take_request(int fd, std::string& bytes, std::string& head, std::string& body);

  Answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0}, connections_{0}, at_once_{0}, most_at_once_{0};
  std::mutex mutex_;
  std::string last_body_, last_head_;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace tombo::test
