#pragma once

#include "filter/tls.hpp"
#include "unit_tls/authority.hpp"
#include "unit_tls/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tombo::test {

/// A server with a certificate of its authority for "broker", and clients that talk to it.
class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    options.certificates = {files.write("server.pem", own.pem() + own.key_pem())};
    manner.trusts = &authority;
  }

  /// Loads what options say; a problem is a failure of the test.
  void load() {
    auto loaded = filter::TlsServer::load(options, server.get());
    ASSERT_TRUE(loaded.ok()) << ::testing::PrintToString(loaded.error());
    server = *loaded;
  }
  /// What load() says is wrong.
  std::vector<std::string> problems() {
    auto loaded = filter::TlsServer::load(options);
    return loaded.ok() ? std::vector<std::string>() : loaded.error();
  }
  /// A client that comes now, and talks until the handshake is over.
  std::unique_ptr<Pair> connect(std::size_t step = 0) {
    if (server == nullptr) load();
    auto pair = std::make_unique<Pair>(server->make_filter(), manner);
    pair->talk(step);
    return pair;
  }
  /// Why the server refuses a client that comes now.
  std::string refusal() {
    const auto pair = connect();
    EXPECT_FALSE(pair->server->open());
    return std::string(pair->server->why());
  }
  /// The options ask for client certificates.
  void ask(config::ClientCertificate how) {
    options.client_certificate = how;
    options.ca_file = files.write("ca.pem", authority.pem());
  }
  Issued issue(const std::string& common_name) {
    Wish wish;
    wish.common_name = common_name;
    return authority.issue(wish);
  }

  TempDir files;
  Authority authority{"Tombo Test CA"};
  Issued own = authority.issue({.common_name = "broker", .names = "DNS:broker"});
  config::Listener options;
  Manner manner;
  std::shared_ptr<const filter::TlsServer> server;
};

}  // namespace tombo::test
