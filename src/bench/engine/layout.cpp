#include "bench/engine/layout.hpp"

#include "bench/engine/text_template.hpp"
#include "bench/measure/stamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>
#include <utility>

namespace tombo::bench::engine {
namespace {

using Role = ClientSpec::Role;

constexpr std::uint32_t kVariantsMax = 4096;  // topics of a publisher that were made before the run
constexpr std::uint32_t kWildcardLeaves = 100;
/// Prime, so that a filter's kind follows neither its client nor its device.
constexpr std::uint64_t kScatter = 7919;

/// Four sensors per device, so that topics share most of their levels, as real ones do.
std::string sensor_topic(const std::string& base, std::uint32_t sensor) {
  const std::uint32_t device = sensor / 4;
  return fmt::format("{}/site/{:02}/dev/{:06}/sensor/{}", base, device % 100, device, sensor % 4);
}

/// A filter that takes this sensor's topic and no other's.
std::string sensor_filter(const std::string& base, std::uint32_t sensor, const Plan& plan) {
  const std::uint32_t device = sensor / 4;
  const double lot = static_cast<double>(sensor * kScatter % 1000) / 1000;
  if (lot < plan.filters_exact) return sensor_topic(base, sensor);
  if (lot >= plan.filters_exact + plan.filters_plus) return sensor_topic(base, sensor) + "/#";
  if (device % 2 == 0) return fmt::format("{}/site/+/dev/{:06}/sensor/{}", base, device, sensor % 4);
  return fmt::format("{}/site/{:02}/dev/{:06}/+/{}", base, device % 100, device, sensor % 4);
}

/// The part of the topic template before what differs by client or message.
std::string common_base(const Plan& plan, const std::string& run_word) {
  std::string_view text = plan.topic;
  for (const std::string_view letter : {"%i", "%c", "%u", "%s", "%t"}) text = text.substr(0, text.find(letter));
  while (text.ends_with('/')) text.remove_suffix(1);
  return expand(text, {.run_word = run_word});
}

class Maker {
 public:
  explicit Maker(const Plan& plan) : plan_(plan) {
    layout_.run_word = plan.run_word.empty() ? random_word() : plan.run_word;
    layout_.checked = plan.payload.mark == Payload::Mark::stamp;
    layout_.mark_bytes = layout_.checked ? kStampBytes : kTimeBytes;
    // Runs of one coordinator differ at least by where their clients begin.
    layout_.stream_base = (std::random_device{}() & ~(kStreamsMax - 1)) + plan.first_client;
    layout_.open_loop = plan.pace.rate > 0;
    layout_.messages = plan.messages;
    layout_.effective_qos = mqtt::lower_of(plan.publish_qos, plan.subscribe_qos);
    base_ = common_base(plan, layout_.run_word);
  }

  Result<Layout, RunError> make();

 private:
  void add_receivers();
  void add_senders();
  ClientSpec client(Role role, std::uint32_t index, std::uint32_t number) const;
  TemplateValues values_of(const ClientSpec& spec) const {
    return {
        .number = spec.number, .user_name = spec.user_name, .client_id = spec.client_id, .run_word = layout_.run_word};
  }
  std::string topic_of(std::uint32_t publisher) const;
  std::string filter_of(std::uint32_t publisher) const;
  std::vector<std::string> topics_of(std::uint32_t publisher, const ClientSpec& spec) const;
  std::vector<std::string> filters_of(std::uint32_t subscriber, const ClientSpec& spec) const;
  Result<void, RunError> make_tail();
  /// Whose deliveries are checked together must live on one thread.
  bool receivers_share() const { return layout_.spread == Spread::any; }

  const Plan& plan_;
  Layout layout_;
  std::string base_;
};

ClientSpec Maker::client(Role role, std::uint32_t index, std::uint32_t number) const {
  ClientSpec spec;
  spec.role = role;
  spec.index = index;
  spec.number = plan_.first_client + index;
  const char kind = spec.sends() ? 'p' : 's';
  spec.user_name = expand(plan_.client.user_name,
                          {.number = spec.number, .run_word = layout_.run_word, .kind = kind, .place = spec.number});
  spec.client_id = expand(plan_.client.client_id, {.number = plan_.first_client + number,
                                                   .user_name = spec.user_name,
                                                   .run_word = layout_.run_word,
                                                   .kind = kind,
                                                   .place = spec.number});
  spec.password = expand(plan_.client.password, values_of(spec));
  spec.worker = index % plan_.threads;
  if (receivers_share() && plan_.threads > 1) {
    spec.worker = spec.sends() ? 1 + index % (plan_.threads - 1) : 0;
  }
  return spec;
}

std::string Maker::topic_of(std::uint32_t publisher) const {
  // Client ids and user names of publishers, for topics that subscribers have to know.
  const ClientSpec spec = client(Role::publisher, publisher, layout_.receivers + publisher);
  return expand(plan_.topic, values_of(spec));
}

std::string Maker::filter_of(std::uint32_t publisher) const {
  if (!differs_by_message(plan_.topic)) return topic_of(publisher);
  // The levels before the first one that changes, and all below.
  const std::size_t changes = std::min(plan_.topic.find("%s"), plan_.topic.find("%t"));
  const std::size_t slash = plan_.topic.rfind('/', changes);
  const ClientSpec spec = client(Role::publisher, publisher, layout_.receivers + publisher);
  return expand(plan_.topic.substr(0, slash == std::string::npos ? 0 : slash + 1), values_of(spec)) + "#";
}

std::vector<std::string> Maker::topics_of(std::uint32_t publisher, const ClientSpec& spec) const {
  std::vector<std::string> topics;
  switch (plan_.topology) {
    case Topology::wildcard:
      for (std::uint32_t leaf = 0; leaf < kWildcardLeaves; ++leaf) {
        topics.push_back(fmt::format("{}/{}/value", topic_of(publisher), leaf));
      }
      return topics;
    case Topology::subscriptions: {
      std::mt19937 random(publisher + 1);
      const std::uint32_t count = std::min(plan_.filters, kVariantsMax);
      for (std::uint32_t i = 0; i < count; ++i) {
        topics.push_back(sensor_topic(base_, static_cast<std::uint32_t>(random() % plan_.filters)));
      }
      return topics;
    }
    case Topology::retained:
      return topics;
    case Topology::request_response:
      return {topic_of(publisher) + "/request"};
    default:
      if (differs_by_message(plan_.topic)) return topics;
      return {expand(plan_.topic, values_of(spec))};
  }
}

std::vector<std::string> Maker::filters_of(std::uint32_t subscriber, const ClientSpec& spec) const {
  std::vector<std::string> filters;
  switch (plan_.topology) {
    case Topology::wildcard:
      return {topic_of(subscriber) + (subscriber % 2 == 0 ? "/#" : "/+/+")};
    case Topology::retained:
      return {"#"};
    case Topology::subscriptions:
      for (std::uint32_t n = subscriber; n < plan_.filters; n += plan_.subscribers) {
        filters.push_back(sensor_filter(base_, n, plan_));
      }
      return filters;
    case Topology::subscribe_only:
      return {expand(plan_.topic, values_of(spec))};
    default:
      break;
  }
  const std::string prefix =
      plan_.topology == Topology::shared ? fmt::format("$share/{}/", plan_.share_group) : std::string{};
  const std::string suffix = plan_.topology == Topology::request_response ? "/request" : "";
  for (std::uint32_t p = 0; p < layout_.publishers; ++p) {
    if (spec.expects(p)) filters.push_back(prefix + filter_of(p) + suffix);
  }
  // Publishers may well share one topic.
  std::ranges::sort(filters);
  filters.erase(std::unique(filters.begin(), filters.end()), filters.end());
  return filters;
}

void Maker::add_receivers() {
  const bool responds = plan_.topology == Topology::request_response;
  for (std::uint32_t i = 0; i < layout_.receivers; ++i) {
    ClientSpec spec = client(responds ? Role::responder : Role::subscriber, i, i);
    if (plan_.topology == Topology::pairs || plan_.topology == Topology::wildcard) {
      spec.modulus = layout_.publishers;
      spec.remainder = i;
    } else if (responds) {
      spec.modulus = layout_.receivers;
      spec.remainder = i;
    }
    spec.filters = filters_of(i, spec);
    layout_.clients.push_back(std::move(spec));
  }
}

void Maker::add_senders() {
  const bool requests = plan_.topology == Topology::request_response;
  for (std::uint32_t i = 0; i < layout_.publishers; ++i) {
    ClientSpec spec = client(requests ? Role::requester : Role::publisher, i, layout_.receivers + i);
    spec.topics = topics_of(i, spec);
    if (requests) {
      spec.modulus = layout_.publishers;
      spec.remainder = i;
      spec.filters = {topic_of(i) + "/response"};
    }
    layout_.publisher_worker.push_back(spec.worker);
    layout_.clients.push_back(std::move(spec));
  }
}

Result<void, RunError> Maker::make_tail() {
  const Payload& payload = plan_.payload;
  if (!payload.file.empty()) {
    std::ifstream file(payload.file, std::ios::binary);
    if (!file) {
      return Failure{RunError{ExitCode::bad_options, fmt::format("cannot read the payload file '{}'", payload.file)}};
    }
    layout_.tail.bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    return {};
  }
  if (!payload.text.empty()) {
    if (differs_by_message(payload.text) || differs_by_client(payload.text)) {
      layout_.tail.text = payload.text;
    } else {
      const std::string text = expand(payload.text, {.run_word = layout_.run_word});
      layout_.tail.bytes.assign(text.begin(), text.end());
    }
    return {};
  }
  for (std::size_t i = layout_.mark_bytes; i < payload.size; ++i) {
    layout_.tail.bytes.push_back(static_cast<std::uint8_t>('a' + i % 26));
  }
  return {};
}

struct Shape {
  Spread spread;
  bool ordered;
};

Shape shape_of(Topology topology) {
  switch (topology) {
    case Topology::connect_only:
    case Topology::publish_only:
    case Topology::subscribe_only:
      return {Spread::nowhere, true};
    case Topology::fan_out:
      return {Spread::all, true};
    case Topology::retained:
      return {Spread::all, false};
    case Topology::shared:
    case Topology::subscriptions:
      return {Spread::any, false};
    default:
      return {Spread::one, true};
  }
}

Result<Layout, RunError> Maker::make() {
  const Shape shape = shape_of(plan_.topology);
  const bool idle = plan_.topology == Topology::connect_only;
  // What cannot be told apart can be neither checked nor give credit.
  layout_.spread = layout_.checked ? shape.spread : Spread::nowhere;
  layout_.ordered = shape.ordered;
  layout_.publishers = idle || plan_.topology == Topology::subscribe_only ? 0 : plan_.publishers;
  layout_.receivers = idle || plan_.topology == Topology::publish_only ? 0 : plan_.subscribers;
  if (plan_.topology == Topology::fan_in) layout_.receivers = 1;
  layout_.copies = layout_.spread == Spread::nowhere ? 0 : layout_.spread == Spread::all ? layout_.receivers : 1;
  layout_.streams = layout_.publishers;
  layout_.topic = plan_.topic;
  if (plan_.topology == Topology::retained) {
    layout_.streams = (plan_.retained + kRetainedPerStream - 1) / kRetainedPerStream;
    // Named by the message's number; see Publisher::topic_for().
    if (!differs_by_message(plan_.topic)) layout_.topic = base_;
  }
  if (layout_.streams > kStreamsMax) {
    return Failure{RunError{ExitCode::bad_options, fmt::format("at most {} publishers", kStreamsMax)}};
  }
  if (auto made = make_tail(); !made) return Failure{made.error()};
  for (std::uint32_t i = 0; idle && i < plan_.connections; ++i) layout_.clients.push_back(client(Role::idle, i, i));
  add_receivers();
  add_senders();
  return std::move(layout_);
}

std::string count_of(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string who(const Plan& plan, const Layout& layout) {
  switch (plan.topology) {
    case Topology::connect_only:
      return count_of(plan.connections, "connection");
    case Topology::publish_only:
      return count_of(layout.publishers, "publisher");
    case Topology::subscribe_only:
      return count_of(layout.receivers, "subscriber");
    case Topology::retained:
      return fmt::format("{}, {}", count_of(plan.retained, "retained message"),
                         count_of(layout.receivers, "subscriber"));
    case Topology::request_response:
      return fmt::format("{} ⇄ {}", count_of(layout.publishers, "requester"), count_of(layout.receivers, "responder"));
    default:
      break;
  }
  std::string text =
      fmt::format("{} → {}", count_of(layout.publishers, "publisher"), count_of(layout.receivers, "subscriber"));
  if (plan.topology == Topology::shared) text += " of one group";
  if (plan.topology == Topology::fan_out) text += ", each message to all";
  if (plan.topology == Topology::wildcard) text += " by wildcards";
  if (plan.topology == Topology::subscriptions) text += fmt::format(" with {} filters", plan.filters);
  return text;
}

}  // namespace

std::uint64_t Layout::messages_of(const Plan& plan, std::uint32_t publisher) const {
  if (plan.topology != Topology::retained) return messages;
  return plan.retained / publishers + (publisher < plan.retained % publishers ? 1 : 0);
}

Result<Layout, RunError> make_layout(const Plan& plan) {
  return Maker(plan).make();
}

std::string describe(const Plan& plan, const Layout& layout) {
  std::string text = who(plan, layout);
  if (plan.topology == Topology::connect_only) return text;
  const auto pub = static_cast<int>(plan.publish_qos);
  const auto sub = static_cast<int>(plan.subscribe_qos);
  if (layout.publishers == 0) return text + fmt::format(", QoS {}", sub);
  text += pub == sub || layout.receivers == 0 ? fmt::format(", QoS {}", pub) : fmt::format(", QoS {} → {}", pub, sub);
  text += layout.tail.text.empty() ? fmt::format(", {} bytes", layout.mark_bytes + layout.tail.bytes.size())
                                   : std::string(", payload by template");
  if (plan.target.tls.on) text += ", TLS";
  if (layout.open_loop) return text + fmt::format(", open loop, {} messages/s", plan.pace.rate);
  return text + fmt::format(", closed loop, window {}", plan.pace.window);
}

}  // namespace tombo::bench::engine
