#pragma once

#include <ldap.h>

#include <chrono>

namespace tombo::auth {

/// How long the socket of a connection may keep its user waiting.
///
/// libldap's own timeouts do not hold while it shakes hands: with GnuTLS it reads a silent socket again and again, for
/// ever.  So this layer stands between the socket and TLS: it sleeps until the socket is ready, and ends at the deadline.
/// It also writes without SIGPIPE.
class Patience {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  Patience();
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  /// Watches over the socket that `ldap` is going to open.  Must live longer than `ldap`.
  bool watch(LDAP* ldap);
  void set_deadline(Deadline deadline) {
    deadline_ = deadline;
    is_over_ = false;
  }
  /// Whether the deadline ended something.
  bool is_over() const { return is_over_; }

 private:
  static int on_connect(LDAP* ldap, Sockbuf* socket, LDAPURLDesc* url, sockaddr* address, ldap_conncb* callbacks);
  friend struct PatienceLayer;
  bool await(int fd, short events);

  ldap_conncb callbacks_;
  Deadline deadline_ = Deadline::max();
  bool is_over_ = false;
};

}  // namespace tombo::auth
