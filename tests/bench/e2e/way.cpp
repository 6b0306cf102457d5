#include "way.hpp"

#include <sstream>
#include <stdexcept>

namespace tombo::bench {

Way parse_way(const std::string& text) {
  Way way;
  TlsManner manner;
  bool tls = false;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto value = word.substr(word.find('=') + 1);
    if (word == "tls13" || word == "tls12") {
      tls = true;
      manner.tls12 = word == "tls12";
    } else if (word == "resume") {
      manner.resume = true;
    } else if (word.starts_with("certificate=")) {
      manner.certificate_file = value;
    } else if (word == "ws" || word == "ws_packets") {
      way.transport = [by_packet = word == "ws_packets"] { return make_websocket(by_packet); };
    } else if (word.starts_with("login=") && value.find(':') != std::string::npos) {
      way.user = value.substr(0, value.find(':'));
      way.password = value.substr(value.find(':') + 1);
    } else if (word != "tcp") {
      throw std::invalid_argument("no such way in: " + word);
    }
  }
  if (tls && way.transport) throw std::invalid_argument("WebSocket over TLS is not among the ways");
  if (!tls && (manner.resume || !manner.certificate_file.empty())) {
    throw std::invalid_argument("that needs TLS: " + text);
  }
  if (tls) way.transport = tls_transports(manner);
  return way;
}

}  // namespace tombo::bench
