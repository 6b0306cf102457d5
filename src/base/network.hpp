#pragma once

#include "base/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct sockaddr;

namespace tombo {

/// An IP address without a port.  IPv4 is kept as the IPv4-mapped IPv6 address, so that 192.0.2.1 and
/// ::ffff:192.0.2.1 are the same.
class Address {
 public:
  /// "192.0.2.1" or "2001:db8::1"; nothing else, a zone ("%eth0") neither.
  static std::optional<Address> parse(std::string_view text);
  /// The same with or without a port, as peers are named: "192.0.2.1:40000", "[2001:db8::1]:40000", "[2001:db8::1]".
  /// `port`, if wanted, is 0 where there is none.
  static std::optional<Address> parse_peer(std::string_view text, std::uint16_t* port = nullptr);
  /// Of a socket; nothing for families other than IPv4 and IPv6.
  static std::optional<Address> of(const sockaddr& address);

  bool is_v4() const;
  std::string to_string() const;
  /// As parse_peer() reads it.
  std::string with_port(std::uint16_t port) const;
  /// In network order.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  auto operator<=>(const Address&) const = default;

 private:
  explicit Address(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
  friend class Network;

  std::array<std::uint8_t, 16> bytes_;
};

/// Addresses that begin with the same bits.
class Network {
 public:
  /// "192.168.0.0/16", "2001:db8::/32", or one address alone.  The error says in words what is wrong, quoting the text.
  static Result<Network, std::string> parse(std::string_view text);

  /// An IPv6 network holds no IPv4 address, not even ::/0.
  bool contains(const Address& address) const;
  bool is_v4() const { return v4_; }
  /// Its prefix as written: up to 32 for IPv4.
  unsigned prefix() const { return v4_ ? bits_ - 96 : bits_; }
  const Address& first() const { return first_; }
  std::string to_string() const;

 private:
  Network(const Address& first, unsigned bits, bool v4) : first_(first), bits_(bits), v4_(v4) {}

  Address first_;
  unsigned bits_;  // of the 128
  bool v4_;
};

/// Networks that are looked up by address.
/// Lives on: any thread; immutable once made.
class NetworkSet {
 public:
  NetworkSet() = default;
  explicit NetworkSet(std::span<const Network> networks);
  /// The error names the text that is no network.
  static Result<NetworkSet, std::string> parse(std::span<const std::string> texts);

  bool empty() const { return entries_.empty(); }
  bool contains(const Address& address) const { return longest_prefix(address).has_value(); }
  /// Prefix of the smallest network that holds the address.
  std::optional<unsigned> longest_prefix(const Address& address) const;

 private:
  struct Entry {
    Network network;
    std::int32_t around;  // the smallest network that holds this one; -1: none
  };
  std::vector<Entry> entries_;  // by first address, larger networks first
};

/// Who may connect: allow_networks and deny_networks of a listener.  Where both hold an address the longer prefix decides,
/// with equal ones it is denied; where neither does, it may come in only if nothing is allowed by name.
/// Lives on: any thread; immutable once made.
class NetworkDoor {
 public:
  /// Open to all.
  NetworkDoor() = default;
  NetworkDoor(NetworkSet allow, NetworkSet deny) : allow_(std::move(allow)), deny_(std::move(deny)) {}
  static Result<NetworkDoor, std::string> parse(std::span<const std::string> allow, std::span<const std::string> deny);

  bool admits(const Address& address) const;

 private:
  NetworkSet allow_;
  NetworkSet deny_;
};

}  // namespace tombo
