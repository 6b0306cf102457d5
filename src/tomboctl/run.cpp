#include "tomboctl/run.hpp"

#include "tomboctl/human.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {

/// Values under their keys, one below the other, lists in one line.
void write_plain(const Json& object) {
  for (const auto& [key, value] : object.items()) {
    std::string text;
    if (value.is_array()) {
      for (const auto& entry : value) text += (text.empty() ? "" : ", ") + shown(entry, Look::text);
    } else {
      text = shown(value, Look::text);
    }
    fmt::print(stdout, "{}: {}\n", key, text.empty() ? "-" : text);
  }
}

/// Every row of every page; people are told on stderr when a limit cut the listing.
Result<void, Trouble> list(Channel& channel, const Invocation& wish) {
  Table table(wish.columns, stdout);
  Json last;
  auto called = channel.call(wish.command, wish.arguments, [&](const Json& page) {
    for (const auto& row : page.value("rows", Json::array())) {
      if (wish.json) {
        write_json(row, stdout);
      } else {
        table.add(row);
      }
    }
    if (!page.value("more", false)) last = page;
    return std::ferror(stdout) == 0;
  });
  if (!called) return called;
  if (!wish.json) table.end();
  std::fflush(stdout);
  if (last.contains("next") && last["next"].is_string()) {
    fmt::print(stderr, "tomboctl: there is more: --after {}, or --limit 0 for all\n", last["next"].get<std::string>());
  } else if (last.value("cut", false)) {
    fmt::print(stderr, "tomboctl: there is more: --limit 0 for all\n");
  }
  return {};
}

Result<Json, Trouble> ask(Channel& channel, const std::string& command, const Json& arguments) {
  Json result;
  const auto called = channel.call(command, arguments, [&](const Json& page) {
    result = page.value("result", page.value("rows", Json()));
    return true;
  });
  if (!called) return Failure{called.error()};
  return result;
}

Result<void, Trouble> show(Channel& channel, const Invocation& wish) {
  const auto result = ask(channel, wish.command, wish.arguments);
  if (!result) return Failure{result.error()};
  if (wish.json) {
    write_json(*result, stdout);
  } else if (wish.columns.empty()) {
    write_plain(*result);
  } else {
    write_object(*result, wish.columns, stdout);
  }
  return {};
}

void write_status(const Json& status) {
  const std::vector<Column> columns{
      {"version", "version"}, {"pid", "pid"}, {"up for", "uptime_s", Look::age}, {"draining", "draining", Look::flag},
      {"connections", "connections", Look::count}, {"clients", "clients", Look::count}, {"sessions", "sessions", Look::count},
      {"sessions away", "sessions_away", Look::count}, {"subscriptions", "subscriptions", Look::count},
      {"shared", "shared_subscriptions", Look::count}, {"retained", "retained", Look::count},
      {"retained bytes", "retained_bytes", Look::size}, {"queued", "queued", Look::count},
      {"memory: messages", "message_bytes", Look::size}, {"memory: process", "resident_bytes", Look::size},
      {"publishes received", "publish_received", Look::count}, {"publishes sent", "publish_sent", Look::count},
      {"bytes received", "bytes_received", Look::size}, {"bytes sent", "bytes_sent", Look::size},
      {"connects refused", "connections_refused", Look::count}, {"protocol errors", "protocol_errors", Look::count}};
  write_object(status, columns, stdout);
  const Json kept = status.value("store", Json());
  if (kept.is_object()) write_object(kept, {{"store: on disk   ", "bytes_on_disk", Look::size}, {"store: written   ", "bytes_written", Look::size}}, stdout);
  std::string drops;
  const Json dropped = status.value("dropped", Json::object());
  for (const auto& [reason, count] : dropped.items()) {
    if (count != 0) drops += fmt::format("{}{}={}", drops.empty() ? "" : " ", reason, count.dump());
  }
  fmt::print(stdout, "{:<18}  {}\n\n", "dropped", drops.empty() ? "nothing" : drops);
  Table shards({{"SHARD", "shard", Look::count}, {"LOAD %", "load_percent", Look::count}, {"CLIENTS", "clients", Look::count},
                {"SESSIONS", "sessions", Look::count}, {"QUEUED", "queued", Look::count}, {"LETTERS", "letters", Look::count},
                {"WAKES", "wakes", Look::count}},
               stdout);
  for (const auto& shard : status.value("shards", Json::array())) shards.add(shard);
  shards.end();
}

Result<void, Trouble> tell_status(Channel& channel, const Invocation& wish) {
  const auto status = ask(channel, wish.command, wish.arguments);
  if (!status) return Failure{status.error()};
  if (wish.json) {
    write_json(*status, stdout);
  } else {
    write_status(*status);
  }
  return {};
}

/// The broker measures for a second before it answers, which is what makes the pace.
Result<void, Trouble> top(Channel& channel, const Invocation& wish) {
  const bool screen = ::isatty(STDOUT_FILENO) != 0 && !wish.once && !wish.json;
  while (true) {
    const auto rows = ask(channel, wish.command, wish.arguments);
    if (!rows) return Failure{rows.error()};
    if (screen) fmt::print(stdout, "\x1b[H\x1b[2J");
    if (wish.json) {
      for (const auto& row : *rows) write_json(row, stdout);
    } else {
      Table table(wish.columns, stdout);
      for (const auto& row : *rows) table.add(row);
      table.end();
    }
    if (!wish.json && !screen && !wish.once) fmt::print(stdout, "\n");
    if (std::fflush(stdout) != 0 || wish.once) return {};
  }
}

Result<void, Trouble> drain(Channel& channel, const Invocation& wish) {
  auto result = ask(channel, wish.command, wish.arguments);
  if (!result) return Failure{result.error()};
  while (wish.wait && result->value("clients", 0) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    const auto status = ask(channel, "status", Json::object());
    if (!status) return Failure{status.error()};
    (*result)["clients"] = (*status)["clients"];
    (*result)["draining"] = (*status)["draining"];
    if (!status->value("draining", false)) return Failure{Trouble{kExitRefused, "the drain was cancelled meanwhile"}};
  }
  if (wish.json) {
    write_json(*result, stdout);
  } else {
    write_plain(*result);
  }
  return {};
}

Result<void, Trouble> carry_out(Channel& channel, const Invocation& wish) {
  switch (wish.shape) {
    case Invocation::Shape::rows: return list(channel, wish);
    case Invocation::Shape::object: return show(channel, wish);
    case Invocation::Shape::status: return tell_status(channel, wish);
    case Invocation::Shape::top: return top(channel, wish);
    case Invocation::Shape::drain: return drain(channel, wish);
  }
  return {};
}

}  // namespace

int run(const Invocation& invocation) {
  Channel channel;
  auto done = channel.open(invocation.socket);
  if (done) done = carry_out(channel, invocation);
  std::fflush(stdout);
  if (done) return kExitOk;
  fmt::print(stderr, "tomboctl: {}\n", printable(done.error().text, std::string::npos));
  return done.error().exit_code;
}

}  // namespace tombo::tomboctl
