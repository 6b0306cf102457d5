#include "filter/websocket/accept_key.hpp"

#include "base/base64.hpp"

#include <array>

#include <openssl/evp.h>

namespace tombo::filter {

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return {};
  return base64({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace tombo::filter
