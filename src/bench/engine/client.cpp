#include "bench/engine/client.hpp"

#include "mqtt/encode.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

namespace tombo::bench::engine {
namespace {

/// Answers that wait for a broker which does not read; beyond it nothing more is read from it either.
constexpr std::size_t kAnswersMax = 1U << 20;
constexpr std::int64_t kRetryFirstNs = 100 * kMillisecondNs;
constexpr std::int64_t kRetryMostNs = 2 * kSecondNs;
/// How often a lost connection is tried again; at kRetryMostNs that is minutes.
constexpr std::uint32_t kReconnectsMax = 100;

}  // namespace

Client::Client(Context& context, ClientOwner& owner, const ClientSpec& spec)
    : context_(context), owner_(owner), spec_(spec), retries_left_(context.run.plan.client.connect_retries) {
  using Role = ClientSpec::Role;
  if (spec.sends()) publisher_ = std::make_unique<Publisher>(context, spec);
  if (spec.role == Role::responder) responder_ = std::make_unique<Responder>(context);
  if (!spec.filters.empty()) subscriber_ = std::make_unique<Subscriber>(context, spec);
}

bool Client::settled() const {
  return (publisher_ == nullptr || publisher_->handshakes_done()) &&
         (subscriber_ == nullptr || subscriber_->handshakes_done()) && (responder_ == nullptr || responder_->done());
}

std::string Client::where() const {
  const Target& target = context_.run.plan.target;
  if (target.host.find(':') != std::string::npos) return fmt::format("[{}]:{}", target.host, target.port);
  return fmt::format("{}:{}", target.host, target.port);
}

void Client::connect() {
  const RunWide& run = context_.run;
  const Endpoint* const from = run.sources.empty() ? nullptr : &run.sources[spec_.index % run.sources.size()];
  state_ = State::connecting;
  began_ns_ = now_ns();
  partial_.clear();
  partial_needs_ = 0;
  if (auto error = link_.open(run.target, from, run.tls.get())) {
    fail({error->code, fmt::format("{}: {}", where(), error->text)});
    return;
  }
  watched_ = EPOLLIN | EPOLLOUT;
  if (!context_.loop.add(link_.fd(), *this, watched_)) fail({ExitCode::internal, "epoll takes no more descriptors"});
}

void Client::restart() {
  leave();
  was_ready_ = false;
  connect();
}

void Client::leave() {
  if (state_ == State::greeting || state_ == State::subscribing || state_ == State::ready) {
    mqtt::WriteBatch batch;
    mqtt::encode_client_disconnect(batch, context_.run.plan.target.version);
    iovec piece{};
    if (batch.describe(&piece, 1) == 1) link_.queue({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len});
    link_.flush();
  }
  link_.close();
  state_ = State::closed;
}

bool Client::fail(RunError error) {
  link_.close();
  const bool was_up = state_ == State::ready;
  const std::int64_t now = now_ns();
  if (was_up) retries_left_ = context_.run.plan.client.reconnect ? kReconnectsMax : 0;
  // A wrong password stays wrong.
  if (!was_up && error.code != ExitCode::unreachable) retries_left_ = 0;
  if (retries_left_ > 0) {
    --retries_left_;
    if (!was_up) ++context_.tally.connect_retries;
    const std::int64_t wait = state_ == State::ready || retry_ns_ == 0 ? kRetryFirstNs : retry_ns_ * 2;
    retry_ns_ = std::min(wait, kRetryMostNs);
    began_ns_ = now;
    state_ = State::waiting;
    if (was_up) owner_.on_lost(*this, error, true);
    return false;
  }
  state_ = State::closed;
  if (was_up || was_ready_) {
    owner_.on_lost(*this, error, false);
  } else {
    owner_.on_failed(*this, error);
  }
  return false;
}

RunError Client::broken(std::string_view what) const {
  const bool before = state_ != State::ready;
  return {before ? ExitCode::unreachable : ExitCode::broken_off, fmt::format("{}: {}", where(), what)};
}

bool Client::unexpected(std::string_view what) {
  return fail(broken(fmt::format("the broker sent {}", what)));
}

void Client::on_events(std::uint32_t) {
  if (!link_.is_open()) return;
  if (state_ == State::connecting) {
    switch (link_.advance()) {
      case Link::Progress::failed:
        fail({link_.error().code, fmt::format("{}: {}", where(), link_.error().text)});
        return;
      case Link::Progress::under_way:
        // TLS waits for bytes, and for room only where some are left to send.
        watched_ = EPOLLIN | (link_.blocked() ? EPOLLOUT : 0U);
        context_.loop.change(link_.fd(), *this, watched_);
        return;
      case Link::Progress::open:
        greet();
        break;
    }
  }
  read();
  if (link_.is_open() && (link_.blocked() || link_.waiting() > 0 || publisher_ != nullptr)) wake();
}

void Client::greet() {
  const Plan& plan = context_.run.plan;
  mqtt::PropertyWriter properties;
  if (plan.target.version == mqtt::Version::v5) {
    if (plan.client.session_expiry_s != 0) {
      properties.number(mqtt::PropertyId::session_expiry_interval, plan.client.session_expiry_s);
    }
    if (plan.client.receive_maximum != 0) {
      properties.number(mqtt::PropertyId::receive_maximum, plan.client.receive_maximum);
    }
  }
  mqtt::ConnectOut connect;
  connect.version = plan.target.version;
  connect.clean_start = plan.client.clean_start;
  connect.keep_alive_s = plan.client.keep_alive_s;
  connect.client_id = spec_.client_id;
  if (!spec_.user_name.empty()) connect.user_name = spec_.user_name;
  if (!spec_.password.empty()) connect.password = mqtt::bytes_of(spec_.password);
  connect.raw_properties = properties.bytes();
  mqtt::WriteBatch batch;
  mqtt::encode_connect(batch, connect);
  iovec piece{};
  if (batch.describe(&piece, 1) == 1) link_.queue({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len});
  state_ = State::greeting;
  last_sent_ns_ = now_ns();
  wake();
}

void Client::read() {
  auto& room = context_.read_room;
  for (bool more = true; more && link_.is_open();) {
    if (link_.waiting() > kAnswersMax) break;
    const Link::Read got = link_.read(room);
    more = got.more;
    switch (got.status) {
      case Link::ReadStatus::again:
        break;
      case Link::ReadStatus::closed:
        fail(broken("the broker closed the connection"));
        return;
      case Link::ReadStatus::failed:
        fail(link_.error().text.empty() ? broken("the connection broke") : RunError{link_.error()});
        return;
      case Link::ReadStatus::bytes: {
        const std::int64_t now = now_ns();
        context_.read_us = context_.run.wall.unix_us(now);
        const mqtt::Bytes bytes(room.data(), got.size);
        if (partial_.empty()) {
          const std::size_t used = parse(bytes, now);
          if (link_.is_open()) partial_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
        } else {
          partial_.insert(partial_.end(), bytes.begin(), bytes.end());
          // A large packet is looked at again when it may be whole.
          if (partial_.size() < partial_needs_) break;
          const std::size_t used = parse(partial_, now);
          if (link_.is_open()) partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(used));
        }
        break;
      }
    }
  }
}

void Client::on_turn_end() {
  if (!link_.is_open() || state_ == State::connecting) return;
  bool good = link_.blocked() ? link_.flush() : true;
  if (good && state_ == State::ready && publisher_ != nullptr) good = publisher_->pump(link_);
  if (good) good = link_.flush();
  if (!good) {
    // What the broker said last is worth more than the error of a write.
    read();
    if (link_.is_open()) fail(broken("the connection broke"));
    return;
  }
  if (link_.take_activity()) last_sent_ns_ = now_ns();
  if (publisher_ != nullptr && publisher_->eager()) wake();
  watch_socket();
}

void Client::watch_socket() {
  const std::uint32_t wanted =
      (link_.waiting() > kAnswersMax ? 0U : static_cast<std::uint32_t>(EPOLLIN)) | (link_.blocked() ? EPOLLOUT : 0U);
  if (wanted == watched_) return;
  watched_ = wanted;
  context_.loop.change(link_.fd(), *this, watched_);
}

void Client::on_tick(std::int64_t now) {
  const auto timeout = static_cast<std::int64_t>(context_.run.plan.client.connect_timeout.count() * 1e9);
  switch (state_) {
    case State::connecting:
    case State::greeting:
    case State::subscribing:
      if (now - began_ns_ > timeout) {
        fail({ExitCode::unreachable,
              fmt::format("{}: no answer within {} s", where(), context_.run.plan.client.connect_timeout.count())});
      }
      return;
    case State::waiting:
      if (now - began_ns_ >= retry_ns_) connect();
      return;
    case State::ready:
      // Three quarters, so that the broker's own clock may be a little ahead.  [MQTT-3.1.2-20]
      if (keep_alive_s_ != 0 && now - last_sent_ns_ > keep_alive_s_ * kSecondNs / 4 * 3) {
        const std::uint8_t ping[] = {0xC0, 0};
        link_.queue(ping);
        last_sent_ns_ = now;
        wake();
      }
      return;
    default:
      return;
  }
}

}  // namespace tombo::bench::engine
