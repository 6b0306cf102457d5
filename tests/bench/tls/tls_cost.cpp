// What the TLS filter costs: heap per idle connection (as glibc's malloc counts it) and CPU per record.
// usage: tombo_tls_cost [SECONDS_PER_MEASUREMENT]
#include "filter/tls.hpp"
#include "unit_tls/client.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace tombo::test {
namespace {

double cpu_seconds() {
  std::timespec time = {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Setting {
  const char* name;
  int version;
  bool client_certificate;
  bool psk;
};

class Costs {
 public:
  explicit Costs(const Setting& setting) : setting_(setting) {
    const Issued own = authority_.issue({.common_name = "broker", .names = "DNS:broker"});
    options_.certificates = {files_.write("server.pem", own.pem() + own.key_pem())};
    if (setting.client_certificate) {
      options_.client_certificate = config::ClientCertificate::required;
      options_.ca_file = files_.write("ca.pem", authority_.pem());
      shown_ = authority_.issue({.common_name = "client"});
      manner_.certificate = &shown_;
    }
    if (setting.psk) {
      options_.psk_file = files_.write("psk", "client:00112233445566778899aabbccddeeff\n");
      manner_.psk_identity = "client";
      manner_.psk_key = std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
      manner_.ciphers = "PSK";
    }
    manner_.version_min = manner_.version_max = setting.version;
    auto loaded = filter::TlsServer::load(options_);
    if (!loaded) std::abort();
    server_ = *loaded;
  }

  void heap() {
    constexpr std::size_t kConnections = 1000;
    connect();  // what OpenSSL makes once
    std::vector<std::unique_ptr<filter::ByteFilter>> idle;
    idle.reserve(kConnections);
    const std::size_t before = ::mallinfo2().uordblks;
    const double begun = cpu_seconds();
    for (std::size_t i = 0; i < kConnections; ++i) idle.push_back(std::move(connect()->server));
    const double spent = cpu_seconds() - begun;
    std::printf("%-22s heap %6.0f bytes per idle connection; handshake, both sides %4.0f us\n", setting_.name,
                static_cast<double>(::mallinfo2().uordblks - before) / kConnections, spent * 1e6 / kConnections);
  }

  /// Records of `size` that the client wrote, given `at_once` records at a time.
  void receive(std::size_t size, std::size_t at_once, double seconds) {
    const auto pair = connect();
    const std::string text(size, 'x');
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    double spent = 0;
    std::size_t records = 0;
    while (spent < seconds) {
      for (std::size_t i = 0; i < 64 * at_once && i * size < 8'000'000; ++i) pair->client.write(text);
      const std::vector<std::uint8_t> bytes = pair->client.out();
      const std::size_t step = (size + (setting_.version == TLS1_3_VERSION ? 22 : 29)) * at_once;
      const double begun = cpu_seconds();
      for (std::size_t at = 0; at < bytes.size(); at += step) {
        in.clear();
        if (!pair->server->receive({bytes.data() + at, std::min(step, bytes.size() - at)}, in, out)) std::abort();
        records += in.size() / size;
      }
      spent += cpu_seconds() - begun;
    }
    print("receive", size, at_once, spent, records);
  }

  void send(std::size_t size, double seconds) {
    const auto pair = connect();
    const std::vector<std::uint8_t> text(size, 'x');
    std::vector<std::uint8_t> out;
    double spent = 0;
    std::size_t records = 0;
    while (spent < seconds) {
      const double begun = cpu_seconds();
      for (int i = 0; i < 64; ++i) {
        out.clear();
        if (!pair->server->send(text, out)) std::abort();
      }
      spent += cpu_seconds() - begun;
      records += 64;
    }
    print("send", size, 1, spent, records);
  }

 private:
  std::unique_ptr<Pair> connect() {
    auto pair = std::make_unique<Pair>(server_->make_filter(), manner_);
    pair->talk();
    if (!pair->server->open()) {
      std::fprintf(stderr, "%s\n", std::string(pair->server->why()).c_str());
      std::abort();
    }
    return pair;
  }
  void print(const char* what, std::size_t size, std::size_t at_once, double spent, std::size_t count) {
    const double each = spent * 1e9 / static_cast<double>(count);
    std::printf("%-22s %-8s %7zu bytes x %2zu  %9.0f ns each  %6.3f ns a byte\n", setting_.name, what, size, at_once, each,
                each / static_cast<double>(size));
  }

  Setting setting_;
  TempDir files_;
  Authority authority_{"Bench CA"};
  Issued shown_;
  config::Listener options_;
  Manner manner_;
  std::shared_ptr<const filter::TlsServer> server_;
};

}  // namespace

void measure(double seconds) {
  for (const Setting& setting :
       {Setting{"TLS 1.3", TLS1_3_VERSION, false, false}, Setting{"TLS 1.2", TLS1_2_VERSION, false, false},
        Setting{"TLS 1.3, client cert", TLS1_3_VERSION, true, false}, Setting{"TLS 1.3, PSK", TLS1_3_VERSION, false, true}}) {
    Costs(setting).heap();
  }
  for (const Setting& setting :
       {Setting{"TLS 1.3", TLS1_3_VERSION, false, false}, Setting{"TLS 1.2", TLS1_2_VERSION, false, false}}) {
    Costs costs(setting);
    costs.receive(64, 1, seconds);
    costs.receive(64, 16, seconds);
    costs.receive(16'384, 1, seconds);
    costs.receive(16'384, 4, seconds);
    costs.send(64, seconds);
    costs.send(16'384, seconds);
    costs.send(262'144, seconds);
  }
}

}  // namespace tombo::test

int main(int count, char** arguments) {
  tombo::test::measure(count > 1 ? std::atof(arguments[1]) : 1.0);
  return 0;
}
