#pragma once

#include "filter/tls/span_bio.hpp"

#include <openssl/err.h>

namespace tombo::filter {

/// The sink is there while a call runs, no longer.
class Turn {
 public:
  Turn(Wire& wire, Sink& outward) : wire_(wire) {
    wire_.outward = &outward;
    // What another user of OpenSSL on this thread left behind would look like a failure of this connection.
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    wire_.outward = nullptr;
    wire_.input = {};
  }

 private:
  Wire& wire_;
};

}  // namespace tombo::filter
