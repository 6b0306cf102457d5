#include "bench/engine/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace tombo::bench::engine {
namespace {

/// Clients in the report at most; of ten thousand nobody reads the lines.
constexpr std::size_t kClientsMax = 10'000;
constexpr std::size_t kProblemsMax = 20;

struct Sent {
  std::uint64_t messages = 0;
  std::uint64_t refused = 0;
};

class Judge {
 public:
  Judge(const RunWide& run, const std::vector<std::unique_ptr<Worker>>& workers, Report& report)
      : run_(run), workers_(workers), report_(report), sent_(run.layout.publishers) {}

  void pass_judgement() {
    gather_sent();
    gather_faults();
    gather_rest();
    decide();
  }

 private:
  std::uint64_t sent_of(std::uint32_t stream) const {
    if (run_.plan.topology != Topology::retained) return sent_[stream].messages;
    // Numbers are dealt out to publishers in turn, so a stream is complete up to what all of them have sent.
    std::uint64_t sent = 0;
    for (const Sent& s : sent_) sent += s.messages;
    const std::uint64_t first = std::uint64_t{stream} * kRetainedPerStream;
    return std::min<std::uint64_t>(sent - std::min(sent, first), kRetainedPerStream);
  }
  void gather_sent();
  void gather_faults();
  void add_faults(const Faults& faults, const std::string& who);
  void gather_rest();
  void decide();
  void problem(std::string text) {
    if (report_.problems.size() < kProblemsMax) report_.problems.push_back(std::move(text));
  }

  const RunWide& run_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  Report& report_;
  std::vector<Sent> sent_;
  std::uint64_t refused_ = 0;
  std::uint64_t unacknowledged_ = 0;
  std::uint64_t misrouted_ = 0;
};

void Judge::gather_sent() {
  for (const auto& worker : workers_) {
    for (const auto& client : worker->clients()) {
      const Publisher* const publisher = static_cast<const Client&>(*client).publisher();
      if (publisher == nullptr) continue;
      sent_[client->spec().index] = {publisher->sent(), publisher->refused()};
      refused_ += publisher->refused();
      unacknowledged_ += publisher->unacknowledged();
      if (report_.clients.size() < kClientsMax) report_.clients.push_back(publisher->result());
    }
  }
}

void Judge::add_faults(const Faults& faults, const std::string& who) {
  report_.faults.add(faults);
  if (faults.lost + faults.duplicated + faults.reordered + faults.corrupted == 0) return;
  problem(fmt::format("{}: {} lost, {} duplicated, {} reordered, {} corrupted", who, faults.lost, faults.duplicated,
                      faults.reordered, faults.corrupted));
}

void Judge::gather_faults() {
  for (const auto& worker : workers_) {
    for (std::size_t stream = 0; stream < worker->context().group.size(); ++stream) {
      // The group's members live on one worker; the others' checks saw nothing.
      if (run_.layout.clients.front().worker != worker->clients().front()->spec().worker) break;
      const auto number = static_cast<std::uint32_t>(stream);
      add_faults(worker->context().group[stream].check.faults(sent_of(number)), fmt::format("stream {}", number));
    }
    for (const auto& client : worker->clients()) {
      const Subscriber* const subscriber = client->subscriber();
      if (subscriber == nullptr) continue;
      add_faults(subscriber->faults([this](std::uint32_t stream) { return sent_of(stream); }),
                 client->spec().client_id);
      if (client->spec().role == ClientSpec::Role::responder || report_.clients.size() >= kClientsMax) continue;
      report_.clients.push_back(subscriber->result());
    }
  }
  // What the broker has refused to take it has not promised to deliver.
  report_.faults.lost -= std::min(report_.faults.lost, refused_ * run_.layout.copies);
}

void Judge::gather_rest() {
  std::uint64_t foreign = 0;
  std::uint64_t releases = 0;
  for (const auto& worker : workers_) {
    Tally& tally = worker->tally();
    report_.sent_in_all += tally.sent_in_all;
    report_.received_in_all += tally.received_in_all;
    report_.connects += tally.connects;
    report_.connect_failures += tally.connect_failures;
    report_.connect_retries += tally.connect_retries;
    report_.reconnects += tally.reconnects;
    report_.connections_lost += tally.connections_lost;
    report_.connect.merge(tally.connect);
    report_.subscribe.merge(tally.subscribe);
    misrouted_ += tally.misrouted;
    foreign += tally.foreign;
    releases += tally.credit_releases;
  }
  if (refused_ != 0) problem(fmt::format("the broker refused {} messages", refused_));
  if (unacknowledged_ != 0) problem(fmt::format("{} messages were never acknowledged", unacknowledged_));
  if (misrouted_ != 0) problem(fmt::format("{} messages reached a subscriber that should not get them", misrouted_));
  if (foreign != 0) problem(fmt::format("{} messages of other runs were ignored", foreign));
  if (releases != 0) {
    problem(fmt::format("nothing came back for a second, and credit was given all the same: {} times", releases));
  }
}

/// QoS 0 may lose.  QoS 1 may deliver twice.  QoS 2 may do neither.  Order is kept at all of them.  [MQTT-4.6.0]
void Judge::decide() {
  mqtt::Qos qos = run_.layout.effective_qos;
  if (run_.layout.publishers == 0) {
    // Others publish: their QoS shows in what arrived.
    qos = mqtt::Qos::exactly_once;
    for (const auto& worker : workers_) qos = mqtt::lower_of(qos, worker->context().lowest_qos);
  }
  const Faults& faults = report_.faults;
  const bool lost = faults.lost != 0 && qos != mqtt::Qos::at_most_once;
  const bool twice = faults.duplicated != 0 && qos != mqtt::Qos::at_least_once;
  report_.promise_kept = !lost && !twice && faults.reordered == 0 && faults.corrupted == 0 && misrouted_ == 0;
}

}  // namespace

void judge(const RunWide& run, const std::vector<std::unique_ptr<Worker>>& workers, Report& report) {
  Judge(run, workers, report).pass_judgement();
}

}  // namespace tombo::bench::engine
