#include "filter/proxy_header.hpp"

#include "filter/proxy/header.hpp"

#include <algorithm>
#include <string_view>

namespace tombo::filter {

namespace {

class ProxyHeaderFilter final : public ByteFilter {
 public:
  explicit ProxyHeaderFilter(bool cn_is_user_name) : cn_is_user_name_(cn_is_user_name) {}

  bool receive(Bytes bytes, Sink& inward, Sink&) override {
    if (!why_.empty()) return false;
    if (!open_ && !take_header(bytes)) return why_.empty();
    inward.insert(inward.end(), bytes.begin(), bytes.end());
    return true;
  }

  bool send(Bytes bytes, Sink& outward) override {
    if (!open_) return false;
    outward.insert(outward.end(), bytes.begin(), bytes.end());
    return true;
  }

  void close(Sink&) override {}
  bool open() const override { return open_; }
  bool spent() const override { return open_; }
  std::string_view why() const override { return why_.empty() && !open_ ? "PROXY: the header is not whole" : why_; }

  void describe(auth::Peer& peer) const override {
    if (!header_.address.empty()) peer.address = header_.address;
    if (!header_.server_name.empty()) peer.server_name = header_.server_name;
    if (!header_.tls_version.empty()) {
      peer.tls_version = header_.tls_version;
      peer.tls_cipher = header_.tls_cipher;
    }
    if (header_.certificate_cn.empty()) return;
    peer.certificate_cn = header_.certificate_cn;
    if (cn_is_user_name_) peer.user_name = header_.certificate_cn;
  }

  std::size_t memory() const override { return sizeof *this + kept_.capacity(); }

 private:
  /// Moves `bytes` behind the header.  False: it is not whole, or wrong.
  bool take_header(Bytes& bytes) {
    // Most often it comes in one piece, and then nothing is copied.
    const std::size_t before = kept_.size();
    Bytes all = bytes;
    if (before != 0) {
      const std::size_t room = kHeaderMax - before;
      kept_.insert(kept_.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(std::min(room, bytes.size())));
      all = kept_;
    }
    const ProxyProgress progress = read_proxy_header(all, header_);
    if (progress.kind == ProxyProgress::Kind::wrong) {
      why_ = progress.why;
      header_ = {};  // what stood in front of the mistake is not to be believed either
      return false;
    }
    if (progress.kind == ProxyProgress::Kind::more) {
      if (before == 0) kept_.assign(bytes.begin(), bytes.end());
      return false;
    }
    bytes = bytes.subspan(progress.used - before);
    Sink().swap(kept_);
    open_ = true;
    return true;
  }

  static constexpr std::size_t kHeaderMax = 16 + kProxyBodyMax;

  Sink kept_;  // of a header that is not whole; what is not whole is never longer than kHeaderMax
  ProxyHeader header_;
  std::string_view why_;
  bool cn_is_user_name_;
  bool open_ = false;
};

}  // namespace

std::unique_ptr<ByteFilter> make_proxy_header(const config::Listener& listener) {
  return std::make_unique<ProxyHeaderFilter>(listener.user_name_from == config::UserNameFrom::certificate_cn);
}

}  // namespace tombo::filter
