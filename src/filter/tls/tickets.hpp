#pragma once

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace tombo::filter {

/// The keys with which session tickets are sealed.  A key seals for as long as a session may be resumed and opens for as
/// long again; so nobody who learns it later reads sessions that are older than that.
/// Lives on: any thread.  The mutex is taken once or twice in a handshake, which costs a thousand times more.
class TicketKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Now = Time (*)();

  explicit TicketKeys(std::chrono::seconds lifetime, Now now = std::chrono::steady_clock::now);
  /// Goes on with the keys of another, which were made for other certificates of the same listener.
  TicketKeys(const TicketKeys& previous, std::chrono::seconds lifetime);
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  /// False where there are no random numbers.
  bool good() const { return good_; }
  /// Whether a ticket that begins so may be one of ours.
  bool knows(std::string_view ticket) const;
  /// The callback of SSL_CTX_set_tlsext_ticket_key_evp_cb: 1 go on, 0 no such key, 2 go on and give a new ticket, -1 error.
  int use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seal);

 private:
  struct Key {
    std::array<unsigned char, 16> name = {};
    std::array<unsigned char, 32> cipher = {};
    std::array<unsigned char, 32> mac = {};
    Time made = {};
    bool there = false;
  };
  static bool make(Key& key, Time now);
  void rotate();
  const Key* find(const unsigned char* name) const;

  const std::chrono::seconds lifetime_;
  const Now now_;
  mutable std::mutex mutex_;
  Key current_;
  Key previous_;
  bool good_ = true;
};

}  // namespace tombo::filter
