#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Http::url>("url", 4096, kLive, "Where logins are asked: a POST with JSON, answered 200 with {\"result\": \"allow\"}, \"deny\" or \"ignore\"."),
  text<&Http::acl_url>("acl_url", 4096, kLive, "Where publishing and subscribing is asked; empty means that only [acl] decides."),
  list<&Http::headers>("headers", {0, 32}, kLive, "Headers of every request, such as \"Authorization: Bearer abc\"."),
  text<&Http::ca_file>("ca_file", 4096, kLive, "PEM file of the authorities that the server's certificate is checked with; empty means the system's."),
  number<&Http::timeout_ms>("timeout_ms", {10, 60'000}, kLive, "How long an answer may take; without one the client is refused."),
  number<&Http::cache_ttl_s>("cache_ttl_s", {0, kDay}, kLive, "How long answers are remembered; 0 means they are not."),
  number<&Http::breaker_failures>("breaker_failures", {1, 10'000}, kLive, "After so many failures in a row the server is left alone for a while and everybody is refused."),
  number<&Http::breaker_pause_s>("breaker_pause_s", {1, 3600}, kLive, "How long that is."),
});
// clang-format on

}  // namespace

std::span<const Row> http_rows() {
  return kRows;
}

}  // namespace tombo::config
