#include "filter/tls.hpp"
#include "filter/tls_client.hpp"

#include "base/assert.hpp"

namespace tombo::filter {

TlsServer::Loaded TlsServer::load(const config::Listener& listener, const TlsServer* /*previous*/,
                                  std::shared_ptr<const KeyLog> /*key_log*/) {
  return Failure{std::vector<std::string>{"listener " + listener.address + ":" + std::to_string(listener.port) +
                                          ": TLS is not compiled in (TOMBO_TLS)"}};
}

std::vector<std::string> TlsServer::files(const config::Listener& /*listener*/) {
  return {};
}

TlsClient::Loaded TlsClient::load(const config::BridgeTls& /*options*/, std::shared_ptr<const KeyLog> /*key_log*/) {
  return Failure{std::vector<std::string>{"TLS is not compiled in (TOMBO_TLS)"}};
}

std::unique_ptr<ByteFilter> TlsClient::make_filter(std::string_view /*host*/) const {
  TOMBO_ASSERT(false);  // load() never makes one
  return nullptr;
}

std::unique_ptr<ByteFilter> TlsServer::make_filter() const {
  TOMBO_ASSERT(false);  // load() never makes one
  return nullptr;
}

void* parsed_certificate(const std::string& /*der*/) {
  return nullptr;
}

const std::vector<std::string>& TlsServer::warnings() const {
  static const std::vector<std::string> none;
  return none;
}

}  // namespace tombo::filter
