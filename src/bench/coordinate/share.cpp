#include "bench/coordinate/share.hpp"

#include "bench/plan/option.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::bench::coordinate {

namespace {

/// The i-th of n parts of a number, as even as can be.
std::uint32_t part_of(std::uint32_t whole, std::uint32_t n, std::uint32_t i) {
  return whole / n + (i < whole % n ? 1 : 0);
}

Share whole_of(const Plan& plan, const std::string& run_word) {
  return {.topology = plan.topology,
          .topic = plan.topic,
          .run_word = run_word,
          .publishers = plan.publishers,
          .subscribers = plan.subscribers,
          .connections = plan.connections,
          .first_client = plan.first_client,
          .churn_per_s = plan.churn_per_s,
          .connects_per_s = plan.client.connects_per_s,
          .rate = plan.pace.rate,
          .ramp_down_s = plan.ramp_down.count()};
}

std::uint32_t clients_of(const Plan& plan) {
  switch (plan.topology) {
    case Topology::connect_only:
      return plan.connections;
    case Topology::publish_only:
      return plan.publishers;
    case Topology::subscribe_only:
      return plan.subscribers;
    default:
      return std::min(plan.publishers, plan.subscribers);
  }
}

/// Every worker has both ends of what it sends.
Split even(const Plan& plan, std::uint32_t workers, const std::string& run_word) {
  Split cut;
  std::uint32_t first = plan.first_client;
  for (std::uint32_t i = 0; i < workers; ++i) {
    Share share = whole_of(plan, run_word);
    share.publishers = part_of(plan.publishers, workers, i);
    share.subscribers = part_of(plan.subscribers, workers, i);
    share.connections = part_of(plan.connections, workers, i);
    share.first_client = first;
    first += share.publishers + share.subscribers + share.connections;
    share.churn_per_s /= workers;
    share.connects_per_s /= workers;
    const std::uint32_t all = std::max(plan.publishers, 1U);
    share.rate = plan.pace.rate * share.publishers / all;
    cut.shares.push_back(std::move(share));
  }
  return cut;
}

/// The filter for what all publishers' topics may be: a level that differs by client is any level.
std::string filter_for(std::string topic) {
  std::string filter;
  while (true) {
    const std::size_t slash = topic.find('/');
    const std::string level = topic.substr(0, slash);
    std::string rest = level;
    for (auto at = rest.find("%r"); at != std::string::npos; at = rest.find("%r")) rest.erase(at, 2);
    filter += rest.find('%') == std::string::npos ? level : "+";
    if (slash == std::string::npos) return filter;
    filter += '/';
    topic.erase(0, slash + 1);
  }
}

Split by_role(const Plan& plan, std::uint32_t workers, const std::string& run_word) {
  Split cut;
  cut.by_role = true;
  Share subscribers = whole_of(plan, run_word);
  subscribers.topology = Topology::subscribe_only;
  subscribers.topic = filter_for(plan.topic);
  if (plan.topology == Topology::shared)
    subscribers.topic = fmt::format("$share/{}/{}", plan.share_group, subscribers.topic);
  subscribers.publishers = 0;
  if (plan.topology == Topology::fan_in) subscribers.subscribers = 1;
  subscribers.rate = 0;
  // It must still listen while what the others sent last is under way.
  subscribers.ramp_down_s += plan.drain.count();
  std::uint32_t first = plan.first_client + subscribers.subscribers;
  cut.shares.push_back(subscribers);
  for (std::uint32_t i = 0; i + 1 < workers; ++i) {
    Share share = whole_of(plan, run_word);
    share.topology = Topology::publish_only;
    share.publishers = part_of(plan.publishers, workers - 1, i);
    share.subscribers = 0;
    share.first_client = first;
    first += share.publishers;
    share.rate = plan.pace.rate * share.publishers / std::max(plan.publishers, 1U);
    cut.shares.push_back(std::move(share));
  }
  return cut;
}

}  // namespace

Result<Split, std::string> split(const Plan& plan, std::uint32_t workers, const std::string& run_word) {
  if (workers == 1) return Split{{whole_of(plan, run_word)}, false};
  switch (plan.topology) {
    case Topology::retained:
    case Topology::subscriptions:
      return Failure{
          fmt::format("{}: {} cannot be cut for several workers; use one", plan.name, name_of(plan.topology))};
    case Topology::fan_in:
    case Topology::fan_out:
    case Topology::shared:
      if (plan.publishers + 1 < workers) break;
      return by_role(plan, workers, run_word);
    default:
      if (clients_of(plan) < workers) break;
      return even(plan, workers, run_word);
  }
  return Failure{fmt::format("{}: too few clients for {} workers", plan.name, workers)};
}

Plan with_share(Plan plan, const Share& share) {
  plan.topology = share.topology;
  plan.topic = share.topic;
  plan.run_word = share.run_word;
  plan.publishers = share.publishers;
  plan.subscribers = share.subscribers;
  plan.connections = share.connections;
  plan.first_client = share.first_client;
  plan.churn_per_s = share.churn_per_s;
  plan.client.connects_per_s = share.connects_per_s;
  plan.pace.rate = share.rate;
  plan.ramp_down = Seconds{share.ramp_down_s};
  return plan;
}

}  // namespace tombo::bench::coordinate
