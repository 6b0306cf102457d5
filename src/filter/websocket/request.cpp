#include "filter/websocket/request.hpp"

#include "filter/websocket/tokens.hpp"

#include <algorithm>
#include <array>

namespace tombo::filter {

namespace {
/// For on_head: what follows the head is neither a body nor another request.
constexpr int kNothingFollows = 2;

RequestReader& reader(http_parser* parser) {
  return *static_cast<RequestReader*>(parser->data);
}

void join(std::string& list, std::string_view more) {
  if (!list.empty()) list += ',';
  list += more;
}
}  // namespace

RequestReader::RequestReader(std::size_t bytes_max) : left_(bytes_max) {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
}

RequestReader::State RequestReader::read(Bytes bytes, std::size_t& used) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = on_url;
  settings.on_header_field = on_field;
  settings.on_header_value = on_value;
  settings.on_headers_complete = on_head;
  const std::size_t offered = std::min(bytes.size(), left_);
  used = http_parser_execute(&parser_, &settings, reinterpret_cast<const char*>(bytes.data()), offered);
  left_ -= std::min(used, left_);
  if (whole_) return State::whole;
  const auto problem = HTTP_PARSER_ERRNO(&parser_);
  if (problem == HPE_HEADER_OVERFLOW) return State::too_long;
  if (problem != HPE_OK) return State::broken;
  return left_ == 0 ? State::too_long : State::more;
}

int RequestReader::on_url(http_parser* parser, const char* at, std::size_t length) {
  reader(parser).request_.target.append(at, length);
  return 0;
}

int RequestReader::on_field(http_parser* parser, const char* at, std::size_t length) {
  RequestReader& self = reader(parser);
  if (self.in_value_) self.header_ends();
  self.field_.append(at, length);
  return 0;
}

int RequestReader::on_value(http_parser* parser, const char* at, std::size_t length) {
  RequestReader& self = reader(parser);
  self.in_value_ = true;
  self.value_.append(at, length);
  return 0;
}

int RequestReader::on_head(http_parser* parser) {
  RequestReader& self = reader(parser);
  if (!self.field_.empty()) self.header_ends();
  self.request_.is_get = parser->method == HTTP_GET;
  self.request_.is_head = parser->method == HTTP_HEAD;
  self.request_.is_http_1_1 = parser->http_major == 1 && parser->http_minor == 1;
  self.whole_ = true;
  return kNothingFollows;
}

void RequestReader::header_ends() {
  const std::string_view value = trimmed(value_);
  const auto is = [&](std::string_view name) { return equal_ignoring_case(field_, name); };
  if (is("Host")) ++request_.hosts;
  if (is("Upgrade")) join(request_.upgrade, value);
  if (is("Connection")) join(request_.connection, value);
  if (is("Sec-WebSocket-Protocol")) join(request_.protocols, value);
  if (is("X-Forwarded-For")) join(request_.forwarded_for, value);
  if (is("Sec-WebSocket-Key") && request_.keys++ == 0) request_.key = value;
  if (is("Sec-WebSocket-Version") && request_.versions++ == 0) request_.version = value;
  if (is("Origin") && request_.origins++ == 0) request_.origin = value;
  field_.clear();
  value_.clear();
  in_value_ = false;
}

std::string_view RequestReader::what_is_broken() const {
  return http_errno_description(HTTP_PARSER_ERRNO(&parser_));
}

std::size_t RequestReader::memory() const {
  const std::array parts{&request_.target,
                         &request_.upgrade,
                         &request_.connection,
                         &request_.protocols,
                         &request_.forwarded_for,
                         &request_.key,
                         &request_.version,
                         &request_.origin,
                         &field_,
                         &value_};
  std::size_t sum = sizeof *this;
  for (const std::string* part : parts) sum += part->capacity();
  return sum;
}

}  // namespace tombo::filter
