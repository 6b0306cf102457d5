#include "store/rows.hpp"

namespace tombo::store {

namespace {

void append_number(std::string& key, std::uint64_t number, unsigned bytes = 8) {
  for (unsigned shift = bytes * 8; shift != 0; shift -= 8) key += static_cast<char>(number >> (shift - 8) & 0xFF);
}

std::string numbered(char letter, std::uint64_t number, std::size_t room = 0) {
  std::string key;
  key.reserve(9 + room);
  key += letter;
  append_number(key, number);
  return key;
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + 8) return 0;
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(at, 8)) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

std::string key_of_state(std::string_view name) {
  return std::string("F").append(name);
}
std::string session_key(SessionNumber session) {
  return numbered('s', session);
}
std::string subscription_key(SessionNumber session, std::string_view filter) {
  return numbered('u', session, filter.size()).append(filter);
}
std::string delivery_key(SessionNumber session, Seq seq) {
  std::string key = numbered('q', session, 8);
  append_number(key, seq);
  return key;
}
std::string head_key(SessionNumber session) {
  return numbered('h', session);
}
std::string received_key(SessionNumber session, mqtt::PacketId id) {
  std::string key = numbered('i', session, 2);
  append_number(key, id, 2);
  return key;
}
std::string message_key(MessageNumber message) {
  return numbered('m', message);
}
std::string retained_key(std::string_view topic) {
  return std::string("r").append(topic);
}

std::string after_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::uint64_t number_in_key(std::string_view key) {
  return number_at(key, 1);
}
Seq seq_in_key(std::string_view key) {
  return number_at(key, 9);
}

std::string encode_number(std::uint64_t number) {
  std::string bytes;
  append_number(bytes, number);
  return bytes;
}
std::optional<std::uint64_t> decode_number(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  return number_at(bytes, 0);
}

}  // namespace tombo::store
