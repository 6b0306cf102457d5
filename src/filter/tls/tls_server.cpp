#include "filter/tls.hpp"

#include "filter/tls/context.hpp"
#include "filter/tls/tls_filter.hpp"

#include <utility>

namespace tombo::filter {

TlsServer::Loaded TlsServer::load(const config::Listener& listener, const TlsServer* previous, std::shared_ptr<const KeyLog> key_log) {
  std::vector<std::string> problems;
  auto context = TlsContext::load(listener, previous != nullptr ? previous->context_.get() : nullptr, problems, std::move(key_log));
  if (context == nullptr) return Failure{std::move(problems)};
  return std::make_shared<const TlsServer>(std::move(context));
}

std::vector<std::string> TlsServer::files(const config::Listener& listener) {
  std::vector<std::string> found = listener.certificates;
  found.insert(found.end(), listener.keys.begin(), listener.keys.end());
  found.insert(found.end(), listener.crls.begin(), listener.crls.end());
  for (const std::string& one : {listener.ca_file, listener.ca_directory, listener.ocsp_file, listener.psk_file}) {
    if (!one.empty()) found.push_back(one);
  }
  return found;
}

std::unique_ptr<ByteFilter> TlsServer::make_filter() const {
  return std::make_unique<TlsFilter>(context_);
}

const std::vector<std::string>& TlsServer::warnings() const {
  return context_->warnings();
}

}  // namespace tombo::filter
