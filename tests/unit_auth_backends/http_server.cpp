#include "http_server.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tombo::test {

HttpServer::HttpServer(Answer answer, std::uint16_t port) : answer_(std::move(answer)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(listener_, 256), 0);
  socklen_t length = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int fd : fds_) close(fd);
  close(listener_);
}

std::string HttpServer::url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

std::string HttpServer::last_body() {
  const std::lock_guard lock(mutex_);
  return last_body_;
}
std::string HttpServer::last_head() {
  const std::lock_guard lock(mutex_);
  return last_head_;
}

void HttpServer::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    fds_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

bool HttpServer::take_request(int fd, std::string& bytes, std::string& head, std::string& body) {
  std::size_t end = 0, length = 0;
  for (;;) {
    end = bytes.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t at = bytes.find("Content-Length: ");
      length = at < end ? std::stoul(bytes.substr(at + 16)) : 0;
      if (bytes.size() >= end + 4 + length) break;
    }
    char part[4096];
    const ssize_t got = recv(fd, part, sizeof part, 0);
    if (got <= 0) return false;
    bytes.append(part, static_cast<std::size_t>(got));
  }
  head = bytes.substr(0, end);
  body = bytes.substr(end + 4, length);
  bytes.erase(0, end + 4 + length);
  return true;
}

void HttpServer::serve(int fd) {
  std::string bytes, head, body;
  while (take_request(fd, bytes, head, body)) {
    ++requests_;
    int most = most_at_once_, now = ++at_once_;
    while (most < now && !most_at_once_.compare_exchange_weak(most, now)) continue;
    {
      const std::lock_guard lock(mutex_);
      last_body_ = body;
      last_head_ = head;
    }
    const Reply reply = answer_(head, body);
    for (auto left = reply.after; left.count() > 0 && !stopping_; left -= std::chrono::milliseconds(10)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    --at_once_;
    if (reply.hang_up) {
      shutdown(fd, SHUT_RDWR);
      return;
    }
    std::string text = reply.raw;
    if (text.empty()) {
      text = "HTTP/1.1 " + std::to_string(reply.status) + " x\r\n" + reply.headers;
      if (reply.status != 204) text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
      text += "\r\n" + reply.body;
    }
    if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
    if (!reply.raw.empty()) {
      shutdown(fd, SHUT_RDWR);
      return;
    }
  }
}

}  // namespace tombo::test
