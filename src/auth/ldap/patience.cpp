#include "auth/ldap/patience.hpp"

#include <lber.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace tombo::auth {

/// The functions that liblber calls for this layer.
struct PatienceLayer {
  static int setup(Sockbuf_IO_Desc* desc, void* patience) {
    desc->sbiod_pvt = patience;
    return 0;
  }
  static int nothing(Sockbuf_IO_Desc*) { return 0; }
  static int control(Sockbuf_IO_Desc* desc, int option, void* argument) {
    return LBER_SBIOD_CTRL_NEXT(desc, option, argument);
  }
  static int fd_of(Sockbuf_IO_Desc* desc) {
    int fd = -1;
    ber_sockbuf_ctrl(desc->sbiod_sb, LBER_SB_OPT_GET_FD, &fd);
    return fd;
  }
  /// Does `step` until it needs not wait any more.
  template <class Step>
  static ber_slen_t patiently(Sockbuf_IO_Desc* desc, short events, Step step) {
    auto& patience = *static_cast<Patience*>(desc->sbiod_pvt);
    const int fd = fd_of(desc);
    for (;;) {
      const ssize_t done = step(fd);
      if (done >= 0) return done;
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
      if (patience.await(fd, events)) continue;
      errno = ETIMEDOUT;
      return -1;
    }
  }
  static ber_slen_t read(Sockbuf_IO_Desc* desc, void* buffer, ber_len_t length) {
    return patiently(desc, POLLIN, [&](int fd) { return recv(fd, buffer, length, 0); });
  }
  static ber_slen_t write(Sockbuf_IO_Desc* desc, void* buffer, ber_len_t length) {
    return patiently(desc, POLLOUT, [&](int fd) { return send(fd, buffer, length, MSG_NOSIGNAL); });
  }
};

namespace {

constexpr int kAboveTheSocket = LBER_SBIOD_LEVEL_PROVIDER + 1;  // and below TLS

// liblber takes it without const; nobody changes it.
Sockbuf_IO kLayer{PatienceLayer::setup, PatienceLayer::nothing, PatienceLayer::control,
                  PatienceLayer::read,  PatienceLayer::write,   PatienceLayer::nothing};

}  // namespace

Patience::Patience() {
  callbacks_.lc_add = on_connect;
  callbacks_.lc_del = [](LDAP*, Sockbuf*, ldap_conncb*) {};
  callbacks_.lc_arg = this;
}

bool Patience::watch(LDAP* ldap) { return ldap_set_option(ldap, LDAP_OPT_CONNECT_CB, &callbacks_) == LDAP_OPT_SUCCESS; }

int Patience::on_connect(LDAP*, Sockbuf* socket, LDAPURLDesc*, sockaddr*, ldap_conncb* callbacks) {
  return ber_sockbuf_add_io(socket, &kLayer, kAboveTheSocket, callbacks->lc_arg);
}

bool Patience::await(int fd, short events) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      is_over_ = true;
      return false;
    }
    pollfd ready{fd, events, 0};
    const int count = poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return true;  // the next step says what is wrong
  }
}

}  // namespace tombo::auth
