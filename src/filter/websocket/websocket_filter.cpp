#include "filter/websocket.hpp"
#include "filter/websocket/frames.hpp"
#include "filter/websocket/handshake.hpp"
#include "filter/websocket/request.hpp"
#include "filter/websocket/rules.hpp"

#include <memory>
#include <string>
#include <utility>

namespace tombo::filter {

namespace {

/// A file goes out in pieces of so many bytes.
constexpr std::size_t kPieceBytes = 64 * 1024;

/// First the handshake, then frames; what each needs is there only while it lasts.
class WebSocketFilter final : public ByteFilter {
 public:
  WebSocketFilter(std::shared_ptr<const WebSocketRules> rules, std::shared_ptr<const auth::Peer> so_far)
      : hello_(std::make_unique<Hello>(std::move(rules), std::move(so_far))) {}

  bool receive(Bytes bytes, Sink& inward, Sink& outward) override {
    if (!why_.empty()) return false;
    if (hello_ && !greet(bytes, outward)) return false;
    if (!frames_ || bytes.empty()) return true;
    return frames_->receive(bytes, inward, outward);
  }

  bool send(Bytes bytes, Sink& outward) override { return open() && frames_->send(bytes, outward); }

  void close(Sink& outward) override {
    if (frames_) frames_->close(outward);
  }

  std::size_t left() const override { return file_ ? file_->bytes.size() - given_ : 0; }
  bool last_words(Sink& outward) override {
    const std::string_view piece = std::string_view(file_->bytes).substr(given_, kPieceBytes);
    outward.insert(outward.end(), piece.begin(), piece.end());
    given_ += piece.size();
    return true;
  }

  bool open() const override { return frames_ && !frames_->closed(); }
  bool ended() const override { return frames_ && frames_->ended(); }

  std::string_view why() const override {
    if (!why_.empty()) return why_;
    if (!frames_) return "WebSocket: the handshake is not done";
    if (!frames_->why().empty()) return frames_->why();
    return frames_->closed() ? "WebSocket: closed" : "";
  }

  void describe(auth::Peer& peer) const override {
    if (!address_.empty()) peer.address = address_;
  }

  std::size_t memory() const override {
    std::size_t sum = sizeof *this + address_.capacity() + why_.capacity();
    if (hello_) sum += sizeof *hello_ + hello_->reader.memory();
    if (frames_) sum += sizeof *frames_ + frames_->memory();
    return sum;
  }

 private:
  struct Hello {
    Hello(std::shared_ptr<const WebSocketRules> r, std::shared_ptr<const auth::Peer> p)
        : rules(std::move(r)), peer(std::move(p)), reader(rules->header_bytes_max) {}
    std::shared_ptr<const WebSocketRules> rules;
    std::shared_ptr<const auth::Peer> peer;
    RequestReader reader;
  };

  /// Moves `bytes` behind the handshake once it is whole.  False: it was refused.
  bool greet(Bytes& bytes, Sink& outward) {
    std::size_t used = 0;
    const auto state = hello_->reader.read(bytes, used);
    bytes = bytes.subspan(used);
    if (state == RequestReader::State::more) return true;
    const HandshakeAnswer answer = judge(state);
    outward.insert(outward.end(), answer.bytes.begin(), answer.bytes.end());
    if (answer.welcome) {
      address_ = forwarded_address(hello_->peer->address, hello_->reader.request().forwarded_for,
                                   hello_->rules->trusted_proxies);
      frames_ = std::make_unique<Frames>();
    } else {
      why_ = answer.why;
      file_ = answer.file;
    }
    hello_.reset();
    return answer.welcome;
  }

  HandshakeAnswer judge(RequestReader::State state) const {
    if (state == RequestReader::State::whole) return judge_handshake(hello_->reader.request(), *hello_->rules);
    if (state == RequestReader::State::too_long) return refuse_long(hello_->rules->header_bytes_max);
    return refuse_broken(hello_->reader.what_is_broken());
  }

  std::unique_ptr<Hello> hello_;    // until the handshake is done
  std::unique_ptr<Frames> frames_;  // from then on
  std::string address_;             // of the client, as a trusted proxy tells it
  std::string why_;                 // the handshake was refused, or was none
  std::shared_ptr<const HttpFile> file_;  // that was asked for instead
  std::size_t given_ = 0;
};

}  // namespace

Result<std::shared_ptr<const WebSocketRules>, std::string> websocket_rules(const config::Listener& listener) {
  auto trusted = NetworkSet::parse(listener.websocket_trusted_proxies);
  if (!trusted) return Failure{"websocket_trusted_proxies: " + trusted.error()};
  std::shared_ptr<const HttpFiles> files;
  if (!listener.http_directory.empty()) {
    auto loaded = HttpFiles::load(listener.http_directory);
    if (!loaded) return Failure{loaded.error()};
    files = std::move(*loaded);
  }
  return std::shared_ptr<const WebSocketRules>(std::make_shared<WebSocketRules>(listener, std::move(*trusted), std::move(files)));
}

std::unique_ptr<ByteFilter> make_websocket(std::shared_ptr<const WebSocketRules> rules,
                                           std::shared_ptr<const auth::Peer> so_far) {
  return std::make_unique<WebSocketFilter>(std::move(rules), std::move(so_far));
}

std::unique_ptr<ByteFilter> make_websocket(const config::Listener& listener, std::shared_ptr<const auth::Peer> so_far) {
  auto rules = websocket_rules(listener);
  if (!rules) return nullptr;
  return make_websocket(std::move(*rules), std::move(so_far));
}

}  // namespace tombo::filter
