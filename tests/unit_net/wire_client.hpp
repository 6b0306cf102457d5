#pragma once

#include "mqtt/encode.hpp"
#include "mqtt/framer.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

/// Packets in the order of the calls, for one write.
class Packets {
 public:
  explicit Packets(mqtt::Version version = mqtt::Version::v5) : version_(version) {}
  Packets& connect(std::string_view client_id, bool clean_start = true);
  Packets& subscribe(std::string_view filter, mqtt::Qos qos = mqtt::Qos::at_most_once);
  Packets& publish(std::string_view topic, std::string_view payload, mqtt::Qos qos = mqtt::Qos::at_most_once);
  Packets& ping();
  Packets& raw(std::initializer_list<std::uint8_t> bytes);
  std::vector<std::uint8_t> bytes() const;

 private:
  mqtt::Version version_;
  mqtt::WriteBatch batch_;
};

/// A blocking client on a real socket; every wait has a deadline.
class WireClient {
 public:
  explicit WireClient(std::uint16_t port, bool v6 = false);
  ~WireClient() { close(); }
  WireClient(WireClient&& other) noexcept;
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;
  WireClient& operator=(WireClient&& other) noexcept;

  bool good() const { return socket_ >= 0; }
  /// False if the peer has closed.
  bool send(mqtt::Bytes bytes);
  bool send(const Packets& packets) { return send(packets.bytes()); }
  /// The next packet whole, empty if the connection ended or patience did.
  std::vector<std::uint8_t> read();
  /// Type of the next packet, reserved at the end.
  mqtt::PacketType read_type();
  /// The server has closed; what it said before is skipped.
  bool ended();
  void close();

 private:
  bool receive();

  int socket_ = -1;
  std::vector<std::uint8_t> bytes_;
  std::size_t taken_ = 0;
};

}  // namespace tombo::test
