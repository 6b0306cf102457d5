#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "control/limits.hpp"
#include "control/walk.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::control {

using broker::SessionQuery;
using broker::SessionSeen;
using broker::SessionsSeen;
using broker::Shard;

namespace {

Json row_of(Context& context, const SessionSeen& seen, bool as_client, bool with_principal) {
  Json row = as_client ? client_row(seen, *context.core.first_options()) : session_row(seen);
  if (with_principal) row["principal"] = principal_row(*seen.principal);
  return row;
}

/// clients.list and sessions.list
class ListSessions final : public Task {
 public:
  ListSessions(Context& context, SessionQuery query, WalkPlace place, std::uint64_t limit, bool as_clients, bool with_principals = false)
      : Task(context), query_(std::move(query)), place_(std::move(place)), limit_(limit), as_clients_(as_clients),
        with_principals_(with_principals) {}

  void proceed() override {
    query_.begun = place_.begun();
    ask(place_.shard, [query = query_, slot = place_.slot](Shard& there) { return there.list_sessions(query, slot, kSlotsPerStep); },
        [this](const SessionsSeen& found) { take(found); });
  }

 private:
  void take(const SessionsSeen& found) {
    Json rows = Json::array();
    for (const auto& seen : found.rows) {
      rows.push_back(row_of(context(), seen, as_clients_, with_principals_));
      place_.slot = seen.slot + 1;
      if (limit_ != 0 && ++listed_ == limit_) return end(std::move(rows), place_.token());
    }
    if (found.end) {
      place_.next_shard();
    } else {
      place_.slot = found.next_slot;
    }
    if (place_.at_end()) return end(std::move(rows), nullptr);
    page(Json{{"rows", std::move(rows)}}, true);
  }
  void end(Json rows, Json next) { page(Json{{"rows", std::move(rows)}, {"next", std::move(next)}}, false); }

  SessionQuery query_;
  WalkPlace place_;
  std::uint64_t limit_;
  std::uint64_t listed_ = 0;
  bool as_clients_;
  bool with_principals_;
};

/// clients.show and sessions.show
class ShowSession final : public Task {
 public:
  ShowSession(Context& context, std::string client_id, bool as_client)
      : Task(context), client_id_(std::move(client_id)), as_client_(as_client) {}

  void proceed() override {
    ask_home(
        client_id_,
        [id = client_id_](Shard& there) {
          SessionSeen seen;
          return there.see_session(id, seen) ? std::optional(seen) : std::nullopt;
        },
        [this](const std::optional<SessionSeen>& seen) { take(seen); });
  }

 private:
  void take(const std::optional<SessionSeen>& seen) {
    if (!seen) return fail(ErrorCode::not_found, "there is no session of client " + excerpt(client_id_));
    if (!as_client_) return result(session_row(*seen));
    if (!seen->connected) return fail(ErrorCode::not_found, fmt::format("client {} is not connected", excerpt(client_id_)));
    Json row = client_row(*seen, *context().core.first_options());
    row["publish_received"] = seen->publish_received;
    row["publish_sent"] = seen->publish_sent;
    const Json of_session = session_row(*seen);
    for (const auto& [key, value] : of_session.items()) row[key] = value;
    result(std::move(row));
  }

  std::string client_id_;
  bool as_client_;
};

/// clients.kick and sessions.remove
class EndSession final : public Task {
 public:
  /// `reason`: only the connection is ended.
  EndSession(Context& context, std::string client_id, std::optional<mqtt::ReasonCode> reason)
      : Task(context), client_id_(std::move(client_id)), reason_(reason) {}

  void proceed() override {
    ask_home(
        client_id_,
        [id = client_id_, reason = reason_](Shard& there) {
          return reason ? there.kick(id, *reason) : there.remove_session(id);
        },
        [this](bool done) { take(done); });
  }

 private:
  void take(bool done) {
    if (!done) {
      const std::string name = excerpt(client_id_);
      return fail(ErrorCode::not_found, reason_ ? fmt::format("client {} is not connected", name)
                                                : fmt::format("there is no session of client {}", name));
    }
    const std::string_view what = reason_ ? "kicked" : "lost its session";
    context().logger.info("control: client {} {} {}", excerpt(client_id_), what, who());
    result(Json{{"id", client_id_}});
  }

  std::string client_id_;
  std::optional<mqtt::ReasonCode> reason_;
};

/// "1883", "127.0.0.1:1883": the listeners of that name.
std::vector<std::uint8_t> listeners_named(const config::Options& options, const std::string& name) {
  std::vector<std::uint8_t> found;
  for (std::size_t i = 0; i < std::min<std::size_t>(options.listeners.size(), 256); ++i) {
    if (name != listener_name(options, i) && name != std::to_string(options.listeners[i].port)) continue;
    found.push_back(static_cast<std::uint8_t>(i));
  }
  return found;
}

SessionQuery query_of(Context& context, Arguments& arguments) {
  SessionQuery query;
  query.prefix = arguments.text("prefix");
  query.user_name = arguments.given_text("user");
  if (const auto name = arguments.given_text("listener")) {
    query.listeners = listeners_named(*context.core.first_options(), *name);
    if (query.listeners.empty()) arguments.refuse(fmt::format("there is no listener '{}'", excerpt(*name)));
  }
  return query;
}

}  // namespace

std::shared_ptr<Task> list_clients(Context& context, Arguments& arguments) {
  SessionQuery query = query_of(context, arguments);
  query.of = SessionQuery::Of::connected;
  query.with_address = true;
  const bool with_principals = arguments.flag("principals");
  WalkPlace place = place_of(context.core, arguments);
  return std::make_shared<ListSessions>(context, std::move(query), std::move(place), limit_of(arguments), true, with_principals);
}

std::shared_ptr<Task> list_sessions(Context& context, Arguments& arguments) {
  SessionQuery query = query_of(context, arguments);
  const bool away = arguments.flag("away");
  const bool connected = arguments.flag("connected");
  if (away && connected) arguments.refuse("'away' and 'connected' exclude each other");
  if (away) query.of = SessionQuery::Of::away;
  if (connected) query.of = SessionQuery::Of::connected;
  WalkPlace place = place_of(context.core, arguments);
  return std::make_shared<ListSessions>(context, std::move(query), std::move(place), limit_of(arguments), false);
}

std::shared_ptr<Task> show_client(Context& context, Arguments& arguments) {
  return std::make_shared<ShowSession>(context, arguments.needed_text("id"), true);
}

std::shared_ptr<Task> show_session(Context& context, Arguments& arguments) {
  return std::make_shared<ShowSession>(context, arguments.needed_text("id"), false);
}

std::shared_ptr<Task> kick_client(Context& context, Arguments& arguments) {
  std::optional<mqtt::ReasonCode> reason = mqtt::ReasonCode::administrative_action;
  if (const auto name = arguments.given_text("reason")) {
    reason = broker::disconnect_reason(*name);
    if (!reason) {
      arguments.refuse(fmt::format("'{}' is no reason that a broker disconnects with, such as quota_exceeded or 0x97",
                                   excerpt(*name)));
    }
  }
  return std::make_shared<EndSession>(context, arguments.needed_text("id"), reason);
}

std::shared_ptr<Task> remove_session(Context& context, Arguments& arguments) {
  return std::make_shared<EndSession>(context, arguments.needed_text("id"), std::nullopt);
}

}  // namespace tombo::control
