#include "bridge/local_end.hpp"

#include "mqtt/decode.hpp"

#include <array>
#include <utility>

#include <sys/uio.h>

namespace tombo::bridge {

namespace {
/// Pieces of a batch that are looked at together.
constexpr std::size_t kPieces = 64;
/// What the broker itself sends has been checked when it came in.
constexpr mqtt::DecodeLimits kNoLimits{65'535, mqtt::kTopicLevelsMax};
}  // namespace

class LocalEnd::Link final : public broker::Transport {
 public:
  Link(LocalEnd& end, broker::OwnClient own)
      : Transport(end.shard_.flush_list()), end_(end), own_(std::move(own)), peer_(std::make_shared<auth::Peer>()) {
    peer_->address = "bridge";
  }
  ~Link() override {
    if (client() != nullptr) client()->transport = nullptr;  // the shard goes, too
  }

  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  void close_after_flush() override {
    closing = true;
    static_cast<void>(out());  // so that this turn's flush comes by
  }
  void move_to(routing::ShardId shard, std::shared_ptr<broker::Luggage> /*luggage*/) override { moved = shard; }
  std::shared_ptr<const auth::Peer> peer() const override { return peer_; }
  std::string peer_address() const override { return peer_->address; }
  void flush() override { end_.on_flush(); }
  const broker::OwnClient* own() const override { return &own_; }
  using Transport::batch;
  using Transport::flushed;

  bool opened = false;
  bool paused = false;
  bool closing = false;
  bool over = false;  // to be destroyed in the next turn
  std::optional<routing::ShardId> moved;

 private:
  LocalEnd& end_;
  broker::OwnClient own_;
  std::shared_ptr<auth::Peer> peer_;
};

LocalEnd::LocalEnd(broker::Shard& shard, Listener& listener) : shard_(shard), listener_(listener) {}

LocalEnd::~LocalEnd() = default;

void LocalEnd::join(Terms terms) {
  terms_ = std::move(terms);
  state_ = State::opening;
  subscribed_ = 0;
  subscribe_id_ = 0;
  packets_.clear();
  rest_.clear();
  cut_why_.clear();
  elsewhere_.reset();
  broker::OwnClient own = terms_.own;
  for (const Wanted& wanted : terms_.filters) own.filters.push_back(wanted.filter);
  link_ = std::make_unique<Link>(*this, std::move(own));
  mqtt::PropertyWriter properties;
  if (!terms_.clean) properties.number(mqtt::PropertyId::session_expiry_interval, mqtt::kSessionNeverExpires);
  properties.number(mqtt::PropertyId::receive_maximum, terms_.receive_maximum);
  mqtt::ConnectOut connect;
  connect.version = mqtt::Version::v5;
  connect.clean_start = terms_.clean;
  connect.client_id = terms_.client_id;
  connect.raw_properties = properties.bytes();
  mqtt::encode_connect(packets_, connect);
}

void LocalEnd::leave() {
  if (none() || state_ == State::leaving) return;
  if (state_ == State::opening) return cut("it is not wanted any more");
  state_ = State::leaving;
  mqtt::encode_client_disconnect(packets_, mqtt::Version::v5);
}

void LocalEnd::cut(std::string_view why) {
  if (none()) return;
  cut_why_ = why;
  state_ = State::leaving;
}

bool LocalEnd::has_work() const {
  if (!link_) return false;
  if (link_->over || !cut_why_.empty() || has_more_) return true;
  return !packets_.empty() && !link_->paused && !link_->closing;
}

void LocalEnd::turn() {
  if (!link_) return;
  if (link_->over) {
    link_.reset();
    return;
  }
  if (!std::exchange(link_->opened, true)) shard_.on_open(*link_, 0, false);
  if (!cut_why_.empty()) {
    if (link_->client() != nullptr) shard_.on_closed(*link_->client(), cut_why_);
    return ended(std::exchange(cut_why_, {}));
  }
  has_more_ = false;
  while (!packets_.empty() && !link_->paused && !link_->closing && link_->client() != nullptr) {
    iovec piece{};
    packets_.describe(&piece, 1);
    const mqtt::Bytes bytes{static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len};
    const std::size_t consumed = shard_.on_bytes(*link_->client(), bytes, has_more_);
    if (link_->moved) {
      elsewhere_ = link_->moved;
      return ended("its session is on another shard");
    }
    packets_.consume(consumed);
    if (consumed == 0 || has_more_) break;
  }
}

void LocalEnd::ended(std::string_view why) {
  if (link_->over) return;
  link_->over = true;
  packets_.clear();
  rest_.clear();
  has_more_ = false;
  cut_why_.clear();
  listener_.on_local_lost(why);
}

void LocalEnd::go_on() {
  if (link_ && !link_->over) on_flush();
}

/// Packets of the broker go to the listener while it takes them.
void LocalEnd::on_flush() {
  if (link_->over) return link_->flushed();
  auto* batch = link_->batch();
  for (;;) {
    const std::vector<std::uint8_t> packets = std::move(rest_);  // the connection may end with any of them
    mqtt::Bytes bytes{packets};
    take(bytes);
    if (!link_->over) rest_.assign(bytes.begin(), bytes.end());
    if (link_->over || batch == nullptr || batch->empty() || !listener_.takes_more()) break;
    std::array<iovec, kPieces> pieces;
    const std::size_t count = batch->describe(pieces.data(), pieces.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto* begin = static_cast<const std::uint8_t*>(pieces[i].iov_base);
      rest_.insert(rest_.end(), begin, begin + pieces[i].iov_len);
      size += pieces[i].iov_len;
    }
    batch->consume(size);
  }
  link_->flushed();
  if (link_->over) return;
  if (link_->closing && rest_.empty())
    return ended(state_ == State::leaving ? "it has left" : "the broker has closed it");
  if (link_->closing) return ended("the broker has closed it");
  if (link_->client() != nullptr && link_->waiting() == 0) shard_.on_writable(*link_->client());
}

void LocalEnd::take(mqtt::Bytes& bytes) {
  while (!bytes.empty() && !link_->over && listener_.takes_more()) {
    const auto result = mqtt::next_frame(bytes, mqtt::kRemainingLengthMax + mqtt::kFixedHeaderMax);
    if (result.status != mqtt::FrameStatus::complete) return;
    on_packet(result.frame);
    if (link_->over) return;
    bytes = bytes.subspan(result.frame.size);
  }
}

void LocalEnd::on_packet(const mqtt::Frame& frame) {
  switch (frame.type) {
    case mqtt::PacketType::connack: {
      mqtt::ConnackView connack;
      if (!mqtt::decode_connack(frame, mqtt::Version::v5, kNoLimits, connack) || connack.code != 0)
        return;  // it is closed, too
      if (state_ != State::opening) return;
      state_ = State::joined;
      listener_.on_joined(connack.session_present);
      if (joined()) subscribe(0);
      return;
    }
    case mqtt::PacketType::suback:
      return on_suback(frame);
    case mqtt::PacketType::publish:
    case mqtt::PacketType::puback:
    case mqtt::PacketType::pubrec:
    case mqtt::PacketType::pubrel:
    case mqtt::PacketType::pubcomp:
      if (joined()) listener_.on_local_packet(frame);
      return;
    default:
      return;  // DISCONNECT: it is closed, too
  }
}

/// One filter after the other: an identifier may be in use by a message of the session and is changed then.
void LocalEnd::subscribe(std::size_t index) {
  subscribed_ = index;
  if (index == terms_.filters.size()) return listener_.on_subscribed();
  const Wanted& wanted = terms_.filters[index];
  mqtt::SubscriptionOut subscription{wanted.filter, {}};
  subscription.options.qos = mqtt::lower_of(wanted.qos, terms_.qos_max);
  subscription.options.no_local = true;
  subscription.options.retain_as_published = true;
  subscription.options.retain_handling = terms_.retained;
  if (--subscribe_id_ == 0) --subscribe_id_;
  mqtt::encode_subscribe(packets_, mqtt::Version::v5, subscribe_id_, {&subscription, 1});
}

void LocalEnd::on_suback(const mqtt::Frame& frame) {
  mqtt::SubackView suback;
  if (!joined() || !mqtt::decode_suback(frame, mqtt::Version::v5, kNoLimits, suback)) return;
  if (static_cast<mqtt::ReasonCode>(suback.codes[0]) == mqtt::ReasonCode::packet_identifier_in_use)
    return subscribe(subscribed_);
  // What the rights of local_user_name refuse has been told in the audit log.
  subscribe(subscribed_ + 1);
}

}  // namespace tombo::bridge
