#pragma once

#include "filter/byte_filter.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <http_parser.h>

namespace tombo::filter {

/// The parts of a handshake's request that are looked at.  Headers that may come several times are joined by commas, which
/// is what HTTP takes them for; those that may come only once are counted.
struct WebSocketRequest {
  bool is_get = false;
  bool is_head = false;
  bool is_http_1_1 = false;
  std::string target;
  std::string upgrade;
  std::string connection;
  std::string protocols;
  std::string forwarded_for;
  std::string key;
  std::string version;
  std::string origin;
  unsigned hosts = 0;
  unsigned keys = 0;
  unsigned versions = 0;
  unsigned origins = 0;
};

/// Reads one HTTP request's head, byte by byte if need be.
/// Lives on: one shard.
class RequestReader {
 public:
  enum class State : std::uint8_t { more, whole, too_long, broken };

  explicit RequestReader(std::size_t bytes_max);
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Takes bytes up to the head's end; `used` says how many.
  State read(Bytes bytes, std::size_t& used);

  const WebSocketRequest& request() const { return request_; }
  /// In words, once read() has said `broken`.
  std::string_view what_is_broken() const;
  std::size_t memory() const;

 private:
  static int on_url(http_parser* parser, const char* at, std::size_t length);
  static int on_field(http_parser* parser, const char* at, std::size_t length);
  static int on_value(http_parser* parser, const char* at, std::size_t length);
  static int on_head(http_parser* parser);
  void header_ends();

  http_parser parser_;
  WebSocketRequest request_;
  std::string field_;
  std::string value_;
  std::size_t left_;  // bytes that the head may still have
  bool in_value_ = false;
  bool whole_ = false;
};

}  // namespace tombo::filter
