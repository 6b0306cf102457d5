#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Jwt::key_file>("key_file", 4096, kLive, "A shared secret (HS) or a public key in PEM (RS, ES) that checks tokens."),
  text<&Jwt::key_directory>("key_directory", 4096, kLive, "Directory of such keys, KID.pem or KID.key for tokens that name a kid."),
  list<&Jwt::algorithms>("algorithms", {0, 16}, kNew, "Algorithms that are accepted, such as \"RS256\"; none means those that fit the key; \"none\" is never accepted."),
  text<&Jwt::issuer>("issuer", 1024, kNew, "Value that iss must have; empty means any."),
  text<&Jwt::audience>("audience", 1024, kNew, "Value that aud must hold; empty means any."),
  text<&Jwt::user_claim>("user_claim", 256, kNew, "Claim that holds the user name."),
  text<&Jwt::client_id_claim>("client_id_claim", 256, kNew, "Claim that must be the client id; empty means any client id may come."),
  text<&Jwt::acl_claim>("acl_claim", 256, kNew, "Claim that lists rights; empty means that tokens hold none."),
  flag<&Jwt::expiry_required>("expiry_required", kNew, "Refuse tokens without exp."),
  number<&Jwt::leeway_s>("leeway_s", {0, 3600}, kNew, "Seconds by which clocks may differ."),
});
// clang-format on

}  // namespace

std::span<const Row> jwt_rows() {
  return kRows;
}

}  // namespace tombo::config
