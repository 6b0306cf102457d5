#include "tomboctl/store_listing.hpp"

#include "tomboctl/human.hpp"
#include "tomboctl/store/inventory.hpp"
#include "tomboctl/store/keys.hpp"
#include "tomboctl/store/places.hpp"
#include "tomboctl/store/records.hpp"
#include "tomboctl/table.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tombo::tomboctl {

using store::SessionNumber;

namespace {

/// Rows that a table shows unless --limit says otherwise; --json shows all.
constexpr std::uint64_t kTableRows = 1000;

Failure<Trouble> refused(std::string text) { return Failure{Trouble{kExitRefused, std::move(text)}}; }

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Seconds since a time; null if it is not known.
Json since(std::int64_t time) { return time == 0 ? Json(nullptr) : Json(std::max<std::int64_t>(now_s() - time, 0)); }

/// What readable_number() made.
std::optional<std::uint64_t> number_from(const std::string& text) {
  std::uint64_t epoch = 0, count = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, epoch);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, count);
  if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  return (epoch << store::kEpochShift) + count;
}

/// Rows as people or programs want them, up to the limit.
class Listing {
 public:
  Listing(const StoreWish& wish, std::vector<Column> columns)
      : json_(wish.json), limit_(wish.limit_given ? wish.limit : wish.json ? 0 : kTableRows), table_(std::move(columns), stdout) {}

  bool full() const { return limit_ != 0 && written_ == limit_; }
  void add(const Json& row, std::string place) {
    ++written_;
    last_ = std::move(place);
    if (json_) return write_json(row, stdout);
    table_.add(row);
  }
  /// `cut`: there are more rows.
  void end(bool cut) {
    if (!json_) table_.end();
    std::fflush(stdout);
    if (cut) fmt::print(stderr, "tomboctl: there is more: {}--limit 0 for all\n", last_.empty() ? "" : fmt::format("--after {}, or ", last_));
  }

 private:
  bool json_;
  std::uint64_t limit_;
  std::uint64_t written_ = 0;
  std::string last_;
  Table table_;
};

Result<std::uint64_t, Trouble> place_after(const StoreWish& wish) {
  if (wish.after.empty()) return std::uint64_t{0};
  const auto number = number_from(wish.after);
  if (!number) return Failure{Trouble{kExitUsage, fmt::format("--after wants a number such as 3-17, not {}", wish.after)}};
  return *number + 1;
}

Result<void, Trouble> list_totals(const store::Engine& engine, const StoreWish& wish) {
  const auto inventory = take_inventory(engine);
  if (!inventory) return Failure{trouble_with(wish.directory, inventory.error())};
  const std::pair<const char*, const Heap*> heaps[] = {
      {"sessions", &inventory->sessions}, {"subscriptions", &inventory->subscriptions}, {"deliveries", &inventory->deliveries},
      {"messages", &inventory->messages}, {"received", &inventory->received},           {"retained", &inventory->retained},
      {"others", &inventory->others}};
  Json json{{"format", inventory->format}, {"epoch", inventory->epoch}};
  Table table({{"WHAT", "what"}, {"ROWS", "rows", Look::count}, {"BYTES", "bytes", Look::size}}, stdout);
  for (const auto& [name, heap] : heaps) {
    json[name] = Json{{"rows", heap->rows}, {"bytes", heap->bytes}};
    table.add(Json{{"what", name}, {"rows", heap->rows}, {"bytes", heap->bytes}});
  }
  if (wish.json) {
    write_json(json, stdout);
    return {};
  }
  fmt::print(stdout, "format {}, epoch {}\n\n", inventory->format, inventory->epoch);
  table.end();
  return {};
}

Json row_of(const SessionSum& sum) {
  return Json{{"id", sum.readable ? Json(sum.row.client_id) : Json(nullptr)},
              {"number", readable_number(sum.number)},
              {"user", sum.row.user_name},
              {"expiry_s", sum.row.expiry_s == mqtt::kSessionNeverExpires ? Json("never") : Json(sum.row.expiry_s)},
              {"away_s", since(sum.row.left_at)},
              {"subscriptions", sum.subscriptions},
              {"queued", sum.deliveries},
              {"queued_bytes", sum.queued_bytes},
              {"received", sum.received},
              {"will", sum.row.will.has_value()}};
}

Result<void, Trouble> list_sessions_of(const store::Engine& engine, const StoreWish& wish) {
  const auto from = place_after(wish);
  if (!from) return Failure{from.error()};
  Listing listing(wish, {{"CLIENT", "id"}, {"EXPIRY", "expiry_s", Look::age}, {"AWAY", "away_s", Look::age},
                         {"SUBS", "subscriptions", Look::count}, {"QUEUED", "queued", Look::count},
                         {"BYTES", "queued_bytes", Look::size}, {"NUMBER", "number"}});
  bool cut = false;
  const auto done = list_sessions(engine, *from, [&](const SessionSum& sum) {
    cut = listing.full();
    if (!cut) listing.add(row_of(sum), readable_number(sum.number));
    return !cut;
  });
  listing.end(cut);
  if (!done) return Failure{trouble_with(wish.directory, done.error())};
  return {};
}

Json summary_of(const store::MessageRow& row) {
  return Json{{"topic", row.topic},
              {"qos", static_cast<unsigned>(row.qos)},
              {"bytes", row.payload.size()},
              {"age_s", since(row.received_at)},
              {"expires_in_s", row.expires_at ? Json(std::max<std::int64_t>(*row.expires_at - now_s(), 0)) : Json(nullptr)}};
}

Result<void, Trouble> list_retained_of(const store::Engine& engine, const StoreWish& wish) {
  Listing listing(wish, {{"TOPIC", "topic"}, {"QOS", "qos"}, {"BYTES", "bytes", Look::size}, {"AGE", "age_s", Look::age},
                         {"EXPIRES IN", "expires_in_s", Look::age}});
  bool cut = false;
  const auto done = store::scan_letter(engine, 'r', [&](std::string_view, std::string_view value) {
    const auto row = store::decode_message(value);
    if (!row) return true;  // `check` tells of it
    cut = listing.full();
    if (!cut) listing.add(summary_of(*row), {});
    return !cut;
  });
  listing.end(cut);
  if (!done) return Failure{trouble_with(wish.directory, done.error())};
  return {};
}

Result<void, Trouble> show_retained(const store::Engine& engine, const StoreWish& wish) {
  std::string value;
  const auto found = engine.get(store::retained_key(wish.topic), value);
  if (!found) return Failure{trouble_with(wish.directory, found.error())};
  if (!*found) return refused("there is no retained message of topic " + wish.topic);
  const auto row = store::decode_message(value);
  if (!row) return refused("the retained message cannot be read (see 'store check')");
  Json json = summary_of(*row);
  const Json fields = json_of(*row);
  for (const char* name : {"payload", "payload_base64", "properties", "properties_base64"}) {
    if (fields.contains(name)) json[name] = fields[name];
  }
  if (wish.json) {
    write_json(json, stdout);
  } else {
    write_object(json, {{"topic", "topic"}, {"QoS", "qos"}, {"bytes", "bytes", Look::size}, {"age", "age_s", Look::age},
                        {"expires in", "expires_in_s", Look::age}, {"payload", "payload", Look::whole_text},
                        {"payload, base64", "payload_base64", Look::whole_text}}, stdout);
  }
  return {};
}

/// One delivery with its message, which may stand in a row of its own.
Json delivery_row(const store::Engine& engine, store::Seq seq, std::string_view value) {
  Json json{{"number", readable_number(seq)}};
  const auto row = store::decode_delivery(value);
  if (!row) {
    json["state"] = "unreadable";
    return json;
  }
  json["state"] = row->released ? "released" : row->packet_id != 0 ? "sent" : "waiting";
  json["qos"] = static_cast<unsigned>(row->qos);
  json["packet_id"] = row->packet_id != 0 ? Json(row->packet_id) : Json(nullptr);
  if (row->released) return json;
  auto body = row->body;
  std::string shared;
  if (row->message != 0) {
    const auto found = engine.get(store::message_key(row->message), shared);
    if (found && *found) body = store::decode_message(shared);
  }
  if (!body) {
    json["state"] = "message lost";
    return json;
  }
  json.update(summary_of(*body));
  json["qos"] = static_cast<unsigned>(row->qos);
  return json;
}

Result<SessionSum, Trouble> find_session(const store::Engine& engine, const StoreWish& wish) {
  SessionSum found;
  auto done = store::scan_letter(engine, 's', [&](std::string_view key, std::string_view value) {
    const auto row = store::decode_session(value);
    if (row && row->client_id == wish.client_id) found.number = store::number_in_key(key);
    return found.number == 0;
  });
  if (done && found.number == 0) return refused("there is no session of client " + wish.client_id);
  if (done) {
    done = list_sessions(engine, found.number, [&](const SessionSum& sum) {
      found = sum;
      return false;
    });
  }
  if (!done) return Failure{trouble_with(wish.directory, done.error())};
  return found;
}

Result<void, Trouble> show_session(const store::Engine& engine, const StoreWish& wish) {
  const auto from = place_after(wish);
  if (!from) return Failure{from.error()};
  const auto sum = find_session(engine, wish);
  if (!sum) return Failure{sum.error()};
  Json session = row_of(*sum);
  Json subscriptions = Json::array();
  std::string range = store::session_key(sum->number);
  range.front() = 'u';
  auto done = engine.scan(range, store::after_prefix(range), [&](std::string_view key, std::string_view value) {
    const auto row = store::decode_subscription(value);
    subscriptions.push_back(row ? json_of(filter_in_key(key), *row) : Json{{"filter", filter_in_key(key)}});
    return true;
  });
  if (wish.json) {
    session["subscriptions"] = subscriptions;
    write_json(session, stdout);
  } else {
    write_object(session, {{"client", "id"}, {"user", "user"}, {"session expiry", "expiry_s", Look::age}, {"away for", "away_s", Look::age},
                           {"will", "will", Look::flag}, {"queued", "queued", Look::count}, {"queued bytes", "queued_bytes", Look::size},
                           {"received QoS 2", "received", Look::count}}, stdout);
    fmt::print(stdout, "\n");
    Table table({{"FILTER", "filter"}, {"QOS", "qos"}, {"NUMBER", "subscription_id"}}, stdout);
    for (const Json& row : subscriptions) table.add(row);
    table.end();
    fmt::print(stdout, "\n");
  }
  Listing listing(wish, {{"STATE", "state"}, {"TOPIC", "topic"}, {"QOS", "qos"}, {"PACKET", "packet_id"}, {"BYTES", "bytes", Look::size},
                         {"AGE", "age_s", Look::age}, {"EXPIRES IN", "expires_in_s", Look::age}, {"NUMBER", "number"}});
  bool cut = false;
  range.front() = 'q';
  if (done) {
    done = engine.scan(store::delivery_key(sum->number, *from), store::after_prefix(range), [&](std::string_view key, std::string_view value) {
      cut = listing.full();
      if (!cut) listing.add(delivery_row(engine, store::seq_in_key(key), value), readable_number(store::seq_in_key(key)));
      return !cut;
    });
  }
  listing.end(cut);
  if (!done) return Failure{trouble_with(wish.directory, done.error())};
  return {};
}

}  // namespace

Result<void, Trouble> list_store(const store::Engine& engine, const StoreWish& wish) {
  switch (wish.rows) {
    case StoreWish::Rows::totals: return list_totals(engine, wish);
    case StoreWish::Rows::sessions: return list_sessions_of(engine, wish);
    case StoreWish::Rows::retained: return list_retained_of(engine, wish);
  }
  return {};
}

Result<void, Trouble> show_of_store(const store::Engine& engine, const StoreWish& wish) {
  if (!wish.topic.empty()) return show_retained(engine, wish);
  if (wish.client_id.empty()) return Failure{Trouble{kExitUsage, "which session? Give a client id, or --retained TOPIC"}};
  return show_session(engine, wish);
}

}  // namespace tombo::tomboctl
