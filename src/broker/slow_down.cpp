#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

// What one client may do in a second.  Who is faster is not read from, or not written to, for a moment.  [defence]

Rates* Shard::rates_of(Client& client) {
  if (!limits_rates_ || client.own != nullptr) return nullptr;
  if (!client.rates) client.rates = std::make_unique<Rates>();
  return client.rates.get();
}

/// A PUBLISH of so many bytes was taken from this client.
void Shard::count_in(Client& client, std::size_t bytes) {
  Rates* rates = rates_of(client);
  if (rates == nullptr || client.state != Client::State::active) return;
  const auto& limits = options_->defence;
  rates->messages_in.use(limits.client_messages_per_s, 1, now_);
  rates->bytes_in.use(static_cast<double>(limits.client_bytes_in_per_s), static_cast<double>(bytes), now_);
  const MonoTime ready = std::max(rates->messages_in.ready_at(limits.client_messages_per_s, now_),
                                  rates->bytes_in.ready_at(static_cast<double>(limits.client_bytes_in_per_s), now_));
  if (ready <= now_ || client.paused_for_rate) return;
  client.paused_for_rate = true;
  client.transport->pause_reading();
  slow_down({&client, ready, true});
}

void Shard::count_out(Client& client, std::size_t bytes) {
  if (Rates* rates = rates_of(client)) {
    rates->bytes_out.use(static_cast<double>(options_->defence.client_bytes_out_per_s), static_cast<double>(bytes), now_);
  }
}

/// Whether this client may be written to at the moment; if not, it is when its rate allows.
bool Shard::rate_lets_out(Client& client) {
  Rates* rates = rates_of(client);
  if (rates == nullptr) return true;
  const MonoTime ready = rates->bytes_out.ready_at(static_cast<double>(options_->defence.client_bytes_out_per_s), now_);
  if (ready <= now_) return true;
  if (!std::exchange(client.held_for_rate, true)) slow_down({&client, ready, false});
  return false;
}

/// Whether this client may subscribe to one more filter in this second.
bool Shard::rate_lets_subscribe(Client& client) {
  Rates* rates = rates_of(client);
  if (rates == nullptr) return true;
  const double rate = options_->defence.client_subscribes_per_s;
  if (rates->subscribes.ready_at(rate, now_) > now_) return false;
  rates->subscribes.use(rate, 1, now_);
  return true;
}

void Shard::slow_down(const Slowed& slowed) {
  slowed_.push_back(slowed);
  slowed_until_ = std::min(slowed_until_, slowed.until);
}

void Shard::go_on_with_slowed() {
  if (now_ < slowed_until_) return;
  slowed_until_ = kNever;
  for (const Slowed& slowed : std::exchange(slowed_, {})) {
    if (slowed.until > now_) {
      slow_down(slowed);
      continue;
    }
    Client& client = *slowed.client;
    if (slowed.reads) {
      client.paused_for_rate = false;
      resume_if_free(client);
    } else {
      client.held_for_rate = false;
      if (client.session != nullptr) pump(*client.session);
    }
  }
}

void Shard::forget_slowed(const Client& client) {
  std::erase_if(slowed_, [&](const Slowed& slowed) { return slowed.client == &client; });
}

}  // namespace tombo::broker
