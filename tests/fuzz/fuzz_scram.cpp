// The input is a credential file, a NUL, and a client's messages with \x01 between them.  "@" in a message stands for the
// server's nonce, so that the last message gets as far as its proof.  Nobody who guesses is let in.
#include "auth/scram/credentials.hpp"
#include "auth/scram/scram_exchange.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo;
using namespace tombo::auth;

constexpr std::string_view kAlice =
    "alice:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n";

void check(bool holds) {
  if (!holds) std::abort();
}

std::string with_nonce(std::string_view message, const std::string& told) {
  const std::size_t comma = told.find(',');
  const std::string nonce = told.starts_with("r=") ? told.substr(2, comma == std::string::npos ? comma : comma - 2) : "";
  std::string out;
  for (const char byte : message) {
    if (byte == '@') {
      out += nonce;
    } else {
      out += byte;
    }
  }
  return out;
}

void talk(const std::shared_ptr<const ScramServer>& server, ScramHash hash, std::string_view messages) {
  auto login = std::make_shared<Login>();
  login->peer = std::make_shared<const Peer>();
  ScramExchange exchange(server, hash, login);
  std::string told;
  bool is_over = false;
  for (int steps = 0; !messages.empty() && steps < 8; ++steps) {
    const std::string_view message = messages.substr(0, messages.find('\x01'));
    messages.remove_prefix(std::min(messages.size(), message.size() + 1));
    const ExchangeAnswer answer = exchange.step(with_nonce(message, told), nullptr);
    check(answer.step == ExchangeAnswer::Step::go_on || answer.step == ExchangeAnswer::Step::deny);
    check(answer.principal == nullptr);
    check(!is_over || answer.step == ExchangeAnswer::Step::deny);
    is_over = answer.step == ExchangeAnswer::Step::deny;
    told = answer.data;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view file = input.substr(0, input.find('\0'));
  const std::string_view messages = input.substr(std::min(size, file.size() + 1));
  auto credentials = ScramCredentials::parse(file, "f");
  check(credentials.ok() || !credentials.error().empty());
  static const auto kKnown = std::make_shared<const ScramServer>(*ScramCredentials::parse(kAlice, "f"));
  const auto server = credentials ? std::make_shared<const ScramServer>(std::move(*credentials)) : kKnown;
  for (const ScramHash hash : {ScramHash::sha1, ScramHash::sha256}) {
    talk(server, hash, messages);
    talk(kKnown, hash, messages);
  }
  return 0;
}
