#include "bench/report/output.hpp"

#include "bench/report/units.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

namespace tombo::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

std::string dump(const Json& json, int indent) {
  // Client ids and reasons may come from a broker: bytes that are no UTF-8 must not end the report.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const Histogram& histogram) {
  Json json{{"count", histogram.count()},
            {"min_ns", histogram.min_ns()},
            {"mean_ns", histogram.mean_ns()},
            {"deviation_ns", histogram.deviation_ns()}};
  for (const double percent : kPercentiles) {
    json[fmt::format("p{}_ns", percent)] = histogram.percentile_ns(percent);
  }
  json["max_ns"] = histogram.max_ns();
  json["histogram"] = histogram.serialise();
  return json;
}

void read(const Json& json, Histogram& histogram) {
  if (!histogram.deserialise(json.at("histogram").get_ref<const std::string&>())) throw std::runtime_error("histogram");
}

Json json_of(const Second& s) {
  return {{"at_s", s.at_s},
          {"length_s", s.length_s},
          {"measured", s.measured},
          {"sent", s.sent},
          {"acknowledged", s.acknowledged},
          {"received", s.received},
          {"connects", s.connects},
          {"errors", s.errors},
          {"latency_mean_ns", s.latency_mean_ns},
          {"latency_p50_ns", s.latency_p50_ns},
          {"latency_p99_ns", s.latency_p99_ns},
          {"latency_max_ns", s.latency_max_ns}};
}

void read(const Json& json, Second& s) {
  json.at("at_s").get_to(s.at_s);
  json.at("length_s").get_to(s.length_s);
  json.at("measured").get_to(s.measured);
  json.at("sent").get_to(s.sent);
  json.at("acknowledged").get_to(s.acknowledged);
  json.at("received").get_to(s.received);
  json.at("connects").get_to(s.connects);
  json.at("errors").get_to(s.errors);
  json.at("latency_mean_ns").get_to(s.latency_mean_ns);
  json.at("latency_p50_ns").get_to(s.latency_p50_ns);
  json.at("latency_p99_ns").get_to(s.latency_p99_ns);
  json.at("latency_max_ns").get_to(s.latency_max_ns);
}

Json json_of(const ClientResult& c) {
  return {{"client_id", c.client_id},   {"publisher", c.publisher},     {"messages", c.messages},
          {"failures", c.failures},     {"run_time_s", c.run_time_s},   {"ack_ms_min", c.ack_ms_min},
          {"ack_ms_max", c.ack_ms_max}, {"ack_ms_mean", c.ack_ms_mean}, {"ack_ms_deviation", c.ack_ms_deviation}};
}

void read(const Json& json, ClientResult& c) {
  json.at("client_id").get_to(c.client_id);
  json.at("publisher").get_to(c.publisher);
  json.at("messages").get_to(c.messages);
  json.at("failures").get_to(c.failures);
  json.at("run_time_s").get_to(c.run_time_s);
  json.at("ack_ms_min").get_to(c.ack_ms_min);
  json.at("ack_ms_max").get_to(c.ack_ms_max);
  json.at("ack_ms_mean").get_to(c.ack_ms_mean);
  json.at("ack_ms_deviation").get_to(c.ack_ms_deviation);
}

Json json_of(const ProcessUse& use) {
  return {{"cpu_s", use.cpu_s},
          {"rss_before_bytes", use.rss_before_bytes},
          {"rss_after_bytes", use.rss_after_bytes},
          {"rss_peak_bytes", use.rss_peak_bytes}};
}

void read(const Json& json, ProcessUse& use) {
  json.at("cpu_s").get_to(use.cpu_s);
  json.at("rss_before_bytes").get_to(use.rss_before_bytes);
  json.at("rss_after_bytes").get_to(use.rss_after_bytes);
  json.at("rss_peak_bytes").get_to(use.rss_peak_bytes);
}

Json json_of(const Report& r);

template <class List>
Json list_of(const List& list) {
  Json json = Json::array();
  for (const auto& entry : list) json.push_back(json_of(entry));
  return json;
}

template <class Entry>
void read_list(const Json& json, std::vector<Entry>& list) {
  for (const Json& entry : json.get_ref<const Json::array_t&>()) read(entry, list.emplace_back());
}

Json counts_of(const Report& r) {
  return {{"sent", r.sent},
          {"acknowledged", r.acknowledged},
          {"received", r.received},
          {"bytes_received", r.bytes_received},
          {"no_subscribers", r.no_subscribers},
          {"refused", r.refused},
          {"behind_schedule", r.behind_schedule},
          {"sent_in_all", r.sent_in_all},
          {"received_in_all", r.received_in_all},
          {"sent_per_s", per_second(r.sent, r.measured_s)},
          {"received_per_s", per_second(r.received, r.measured_s)}};
}

void read_counts(const Json& json, Report& r) {
  json.at("sent").get_to(r.sent);
  json.at("acknowledged").get_to(r.acknowledged);
  json.at("received").get_to(r.received);
  json.at("bytes_received").get_to(r.bytes_received);
  json.at("no_subscribers").get_to(r.no_subscribers);
  json.at("refused").get_to(r.refused);
  json.at("behind_schedule").get_to(r.behind_schedule);
  json.at("sent_in_all").get_to(r.sent_in_all);
  json.at("received_in_all").get_to(r.received_in_all);
}

Json connections_of(const Report& r) {
  return {{"connects", r.connects},
          {"failures", r.connect_failures},
          {"retries", r.connect_retries},
          {"reconnects", r.reconnects},
          {"lost", r.connections_lost}};
}

void read_connections(const Json& json, Report& r) {
  json.at("connects").get_to(r.connects);
  json.at("failures").get_to(r.connect_failures);
  json.at("retries").get_to(r.connect_retries);
  json.at("reconnects").get_to(r.reconnects);
  json.at("lost").get_to(r.connections_lost);
}

Json json_of(const Report& r) {
  Json json{{"name", r.plan_name},
            {"what", r.what},
            {"started_unix_us", r.started_unix_us},
            {"measured_s", r.measured_s},
            {"interrupted", r.interrupted},
            {"promise_kept", r.promise_kept},
            {"totals", counts_of(r)},
            {"faults",
             {{"lost", r.faults.lost},
              {"duplicated", r.faults.duplicated},
              {"reordered", r.faults.reordered},
              {"corrupted", r.faults.corrupted}}},
            {"connections", connections_of(r)},
            {"latency",
             {{"delivery", json_of(r.latency)},
              {"acknowledge", json_of(r.acknowledge)},
              {"round_trip", json_of(r.round_trip)},
              {"connect", json_of(r.connect)},
              {"subscribe", json_of(r.subscribe)}}},
            {"figures", Json::array()},
            {"broker", r.broker ? json_of(*r.broker) : Json{}},
            {"tool", json_of(r.tool)},
            {"problems", r.problems},
            {"clients", list_of(r.clients)},
            {"seconds", list_of(r.seconds)}};
  for (const auto& [name, value] : r.figures) json["figures"].push_back({{"name", name}, {"value", value}});
  return json;
}

Report report_of(const Json& json) {
  Report r;
  json.at("name").get_to(r.plan_name);
  json.at("what").get_to(r.what);
  json.at("started_unix_us").get_to(r.started_unix_us);
  json.at("measured_s").get_to(r.measured_s);
  json.at("interrupted").get_to(r.interrupted);
  json.at("promise_kept").get_to(r.promise_kept);
  read_counts(json.at("totals"), r);
  const Json& faults = json.at("faults");
  faults.at("lost").get_to(r.faults.lost);
  faults.at("duplicated").get_to(r.faults.duplicated);
  faults.at("reordered").get_to(r.faults.reordered);
  faults.at("corrupted").get_to(r.faults.corrupted);
  read_connections(json.at("connections"), r);
  const Json& latency = json.at("latency");
  read(latency.at("delivery"), r.latency);
  read(latency.at("acknowledge"), r.acknowledge);
  read(latency.at("round_trip"), r.round_trip);
  read(latency.at("connect"), r.connect);
  read(latency.at("subscribe"), r.subscribe);
  for (const Json& figure : json.at("figures").get_ref<const Json::array_t&>()) {
    r.figures.emplace_back(figure.at("name").get<std::string>(), figure.at("value").get<double>());
  }
  if (!json.at("broker").is_null()) read(json.at("broker"), r.broker.emplace());
  read(json.at("tool"), r.tool);
  json.at("problems").get_to(r.problems);
  read_list(json.at("clients"), r.clients);
  read_list(json.at("seconds"), r.seconds);
  return r;
}

}  // namespace

std::string json_reports(std::span<const Report> reports) {
  return dump({{"tool", "tombo-bench"}, {"schema", kSchema}, {"runs", list_of(reports)}}, 1) + "\n";
}

std::string json_report(const Report& report) {
  return dump(json_of(report), -1);
}

std::optional<Report> report_from_json(std::string_view text) {
  try {
    return report_of(Json::parse(text));
  } catch (const std::exception&) {  // every way in which a text can be no report
    return std::nullopt;
  }
}

}  // namespace tombo::bench
