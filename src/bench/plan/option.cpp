#include "bench/plan/option.hpp"

#include "base/nearest.hpp"
#include "bench/measure/stamp.hpp"
#include "bench/plan/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace tombo::bench {

namespace {

using Wrong = std::optional<std::string>;

constexpr std::uint64_t kClientsMax = 1'000'000;
constexpr std::uint64_t kPayloadMax = 64U << 20;
constexpr double kRateMax = 1e9;
constexpr double kLongestS = 7 * 24 * 3600;

constexpr std::array<std::pair<std::string_view, Topology>, 11> kTopologies{
    {{"connect-only", Topology::connect_only},
     {"publish-only", Topology::publish_only},
     {"subscribe-only", Topology::subscribe_only},
     {"pairs", Topology::pairs},
     {"fan-in", Topology::fan_in},
     {"fan-out", Topology::fan_out},
     {"shared", Topology::shared},
     {"wildcard", Topology::wildcard},
     {"request-response", Topology::request_response},
     {"retained", Topology::retained},
     {"subscriptions", Topology::subscriptions}}};

/// Where an option's value goes: a path of members that begins at the plan.
template <auto... Path>
auto& field_of(Plan& plan) {
  return (plan.*....*Path);
}

template <std::uint64_t Min, std::uint64_t Max, auto... Path>
Wrong number(Plan& plan, std::string_view text) {
  const auto value = whole_number(text);
  if (!value || *value < Min || *value > Max) {
    return fmt::format("must be a whole number between {} and {}, not '{}'", Min, Max, text);
  }
  auto& field = field_of<Path...>(plan);
  field = static_cast<std::remove_reference_t<decltype(field)>>(*value);
  return std::nullopt;
}

template <auto... Path>
Wrong rate(Plan& plan, std::string_view text) {
  const auto value = real_number(text);
  if (!value || *value < 0 || *value > kRateMax)
    return fmt::format("must be a number between 0 and {:.0f}, not '{}'", kRateMax, text);
  field_of<Path...>(plan) = *value;
  return std::nullopt;
}

template <auto... Path>
Wrong share(Plan& plan, std::string_view text) {
  const auto value = real_number(text);
  if (!value || *value < 0 || *value > 1) return fmt::format("must be a share between 0 and 1, not '{}'", text);
  field_of<Path...>(plan) = *value;
  return std::nullopt;
}

template <auto... Path>
Wrong seconds(Plan& plan, std::string_view text) {
  const auto value = seconds_of(text);
  if (!value || *value < 0 || *value > kLongestS) {
    return fmt::format("must be a time such as 10, 0.5, \"500ms\" or \"2m\", up to a week, not '{}'", text);
  }
  field_of<Path...>(plan) = Seconds{*value};
  return std::nullopt;
}

template <auto... Path>
Wrong text(Plan& plan, std::string_view value) {
  field_of<Path...>(plan) = std::string{value};
  return std::nullopt;
}

template <auto... Path>
Wrong flag(Plan& plan, std::string_view value) {
  const auto on = flag_of(value);
  if (!on) return fmt::format("must be true or false, not '{}'", value);
  field_of<Path...>(plan) = *on;
  return std::nullopt;
}

/// Texts between commas.
template <auto... Path>
Wrong list(Plan& plan, std::string_view value) {
  std::vector<std::string> entries;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(','), value.size());
    std::string_view entry = value.substr(0, end);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty()) entries.emplace_back(entry);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  if (entries.empty()) return "names nothing";
  field_of<Path...>(plan) = std::move(entries);
  return std::nullopt;
}

template <auto... Fields>
Wrong qos(Plan& plan, std::string_view text) {
  const auto value = whole_number(text);
  if (!value || *value > 2) return fmt::format("must be 0, 1 or 2, not '{}'", text);
  ((plan.*Fields = static_cast<mqtt::Qos>(*value)), ...);
  return std::nullopt;
}

Wrong version(Plan& plan, std::string_view text) {
  if (text == "5" || text == "5.0") {
    plan.target.version = mqtt::Version::v5;
  } else if (text == "3.1") {
    plan.target.version = mqtt::Version::v3_1;
  } else if (text == "3.1.1" || text == "4" || text == "3") {
    plan.target.version = mqtt::Version::v3_1_1;
  } else {
    return fmt::format("must be 3.1, 3.1.1 or 5, not '{}'", text);
  }
  return std::nullopt;
}

Wrong topology(Plan& plan, std::string_view text) {
  std::string all;
  std::array<std::string_view, kTopologies.size()> names;
  for (std::size_t i = 0; i < kTopologies.size(); ++i) {
    names[i] = kTopologies[i].first;
    all += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
    if (text != names[i]) continue;
    plan.topology = kTopologies[i].second;
    return std::nullopt;
  }
  const std::string_view near = nearest(text, names);
  if (!near.empty()) return fmt::format("knows no '{}'; did you mean '{}'?", text, near);
  return fmt::format("must be one of {}, not '{}'", all, text);
}

Wrong payload_size(Plan& plan, std::string_view text) {
  const auto value = bytes_of_text(text);
  if (!value || *value < kStampBytes || *value > kPayloadMax) {
    return fmt::format(
        "must be between {} (what the tool writes itself) and {} bytes, such as 64 or \"16KiB\", not '{}'", kStampBytes,
        kPayloadMax, text);
  }
  plan.payload.size = static_cast<std::size_t>(*value);
  return std::nullopt;
}

using Kind = PlanOption::Kind;
using P = Plan;
using T = Target;
using C = ClientOptions;
using Tls = Target::Tls;

constexpr std::uint64_t kU32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kU64 = std::numeric_limits<std::uint64_t>::max();

constexpr PlanOption kOptions[] = {
    {"name", "TEXT", Kind::text, "What the run is called in reports.", text<&P::name>},
    // Where the broker is
    {"host", "HOST", Kind::text, "Name or address of the broker.", text<&P::target, &T::host>},
    {"port", "N", Kind::number, "Its port.", number<1, 65'535, &P::target, &T::port>},
    {"version", "V", Kind::number, "MQTT version: 3.1, 3.1.1 or 5.", version},
    {"source-address", "LIST", Kind::text,
     "Local addresses to connect from, in turn, between commas: more than 64,000 connections.",
     list<&P::target, &T::source_addresses>},
    {"tls", "", Kind::flag, "Use TLS.", flag<&P::target, &T::tls, &Tls::on>},
    {"ca", "FILE", Kind::text, "PEM file with the certificates to trust.", text<&P::target, &T::tls, &Tls::ca_file>},
    {"cert", "FILE", Kind::text, "PEM file with the client's certificate.",
     text<&P::target, &T::tls, &Tls::certificate_file>},
    {"key", "FILE", Kind::text, "PEM file with its private key.", text<&P::target, &T::tls, &Tls::key_file>},
    {"server-name", "NAME", Kind::text, "Name to ask for and to check the certificate against; default: the host.",
     text<&P::target, &T::tls, &Tls::server_name>},
    {"insecure", "", Kind::flag, "Do not check the broker's certificate.", flag<&P::target, &T::tls, &Tls::insecure>},
    {"websocket", "", Kind::flag, "MQTT over WebSocket.", flag<&P::target, &T::websocket>},
    {"websocket-path", "PATH", Kind::text, "Path of the WebSocket.", text<&P::target, &T::websocket_path>},
    // What clients say
    {"client-id", "TEMPLATE", Kind::text, "Client ids; %i is the client's number, %r four letters of this run.",
     text<&P::client, &C::client_id>},
    {"username", "TEMPLATE", Kind::text, "User name; may hold %i.", text<&P::client, &C::user_name>},
    {"password", "TEMPLATE", Kind::text, "Password; may hold %i and %u.", text<&P::client, &C::password>},
    {"clean-start", "", Kind::flag, "Begin with a new session (default) or resume one (false).",
     flag<&P::client, &C::clean_start>},
    {"session-expiry", "SECONDS", Kind::number, "How long the broker shall keep sessions; 5.0.",
     number<0, kU32, &P::client, &C::session_expiry_s>},
    {"keep-alive", "SECONDS", Kind::number, "Keep alive; 0: none.", number<0, 65'535, &P::client, &C::keep_alive_s>},
    {"receive-maximum", "N", Kind::number, "QoS 1 and 2 messages that the broker may have on the way to a client; 5.0.",
     number<0, 65'535, &P::client, &C::receive_maximum>},
    {"connect-rate", "N", Kind::number, "Connects a second; 0: as fast as answers come.",
     rate<&P::client, &C::connects_per_s>},
    {"connecting-max", "N", Kind::number, "Connections being made at once.",
     number<1, kClientsMax, &P::client, &C::connecting_max>},
    {"connect-retries", "N", Kind::number, "How often a client tries again to connect.",
     number<0, kU32, &P::client, &C::connect_retries>},
    {"connect-timeout", "TIME", Kind::number, "How long a connect may take.", seconds<&P::client, &C::connect_timeout>},
    {"reconnect", "", Kind::flag, "Connect again when a connection breaks during the run.",
     flag<&P::client, &C::reconnect>},
    // Who talks to whom
    {"topology", "NAME", Kind::text,
     "connect-only, publish-only, subscribe-only, pairs, fan-in, fan-out, shared, wildcard, request-response, retained "
     "or subscriptions.",
     topology},
    {"publishers", "N", Kind::number, "Publishing clients.", number<0, kClientsMax, &P::publishers>},
    {"subscribers", "N", Kind::number, "Subscribing clients.", number<0, kClientsMax, &P::subscribers>},
    {"connections", "N", Kind::number, "Clients of connect-only.", number<0, kClientsMax, &P::connections>},
    {"churn", "N", Kind::number, "Connections closed and replaced each second (connect-only).", rate<&P::churn_per_s>},
    {"qos", "N", Kind::number, "QoS of publishers and subscribers.", qos<&P::publish_qos, &P::subscribe_qos>},
    {"publish-qos", "N", Kind::number, "QoS of publishers.", qos<&P::publish_qos>},
    {"subscribe-qos", "N", Kind::number, "QoS of subscribers.", qos<&P::subscribe_qos>},
    {"retain", "", Kind::flag, "Publish retained messages.", flag<&P::retain>},
    {"topic", "TEMPLATE", Kind::text, "Topic; %i number, %u user name, %c client id, %s sequence, %r four letters.",
     text<&P::topic>},
    {"share-group", "NAME", Kind::text, "Name of the shared group.", text<&P::share_group>},
    // How much, how fast, how long
    {"rate", "N", Kind::number, "Messages a second in all, on a schedule (open loop); 0: as fast as the window allows.",
     rate<&P::pace, &Pace::rate>},
    {"window", "N", Kind::number, "Messages of a publisher under way at once (closed loop).",
     number<1, 1'000'000, &P::pace, &Pace::window>},
    {"batch", "N", Kind::number, "Credit that must be there before the next write (closed loop).",
     number<1, 1'000'000, &P::pace, &Pace::batch>},
    {"size", "BYTES", Kind::number, "Payload bytes.", payload_size},
    {"payload-file", "FILE", Kind::text, "What follows the stamp in each payload.", text<&P::payload, &Payload::file>},
    {"payload", "TEMPLATE", Kind::text, "The same as text; %i, %u, %c, %s sequence, %t µs since 1970.",
     text<&P::payload, &Payload::text>},
    {"messages", "N", Kind::number, "Messages of each publisher; 0: until the time is over.",
     number<0, kU64, &P::messages>},
    {"duration", "TIME", Kind::number, "How long to measure.", seconds<&P::duration>},
    {"ramp-up", "TIME", Kind::number, "Traffic before measuring.", seconds<&P::ramp_up>},
    {"ramp-down", "TIME", Kind::number, "Traffic after measuring.", seconds<&P::ramp_down>},
    {"drain", "TIME", Kind::number, "How long to wait at the end for what is under way.", seconds<&P::drain>},
    {"filters", "N", Kind::number, "Subscriptions in all (subscriptions).", number<1, 100'000'000, &P::filters>},
    {"filters-exact", "SHARE", Kind::number, "Share of filters without a wildcard.", share<&P::filters_exact>},
    {"filters-plus", "SHARE", Kind::number, "Share of filters with +; the rest have #.", share<&P::filters_plus>},
    {"retained", "N", Kind::number, "Retained messages to store (retained).", number<1, 100'000'000, &P::retained>},
    // The tool
    {"threads", "N", Kind::number, "Threads of the tool.", number<1, 256, &P::threads>},
    {"record", "FILE", Kind::text, "A line per message, CSV.", text<&P::record_file>},
    {"broker-pid", "PID", Kind::number, "Process whose CPU time and memory are measured.",
     number<1, 4'194'304, &P::broker_pid>},
};

}  // namespace

std::span<const PlanOption> plan_options() {
  return kOptions;
}

const PlanOption* find_option(std::string_view name) {
  std::string wanted{name};
  std::ranges::replace(wanted, '_', '-');
  const auto* found = std::ranges::find(kOptions, wanted, &PlanOption::name);
  return found == std::end(kOptions) ? nullptr : found;
}

std::string_view name_of(Topology topology) {
  const auto* found = std::ranges::find(kTopologies, topology, [](const auto& entry) { return entry.second; });
  return found == std::end(kTopologies) ? "?" : found->first;
}

}  // namespace tombo::bench
