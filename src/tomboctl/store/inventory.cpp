#include "tomboctl/store/inventory.hpp"

#include "tomboctl/store/keys.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tombo::tomboctl {

using store::EngineResult;
using store::SessionNumber;

namespace {
constexpr std::size_t kPage = 1000;

Heap& heap_of(Inventory& inventory, char letter) {
  switch (letter) {
    case 's': return inventory.sessions;
    case 'u': return inventory.subscriptions;
    case 'q': return inventory.deliveries;
    case 'i': return inventory.received;
    case 'm': return inventory.messages;
    case 'r': return inventory.retained;
    default: return inventory.others;
  }
}

/// The next sessions from `from` on, without what belongs to them.
EngineResult<std::vector<SessionSum>> next_page(const store::Engine& engine, SessionNumber from) {
  std::vector<SessionSum> page;
  const auto done = engine.scan(store::session_key(from), store::after_prefix("s"), [&](std::string_view key, std::string_view value) {
    SessionSum& sum = page.emplace_back();
    sum.number = store::number_in_key(key);
    if (auto row = store::decode_session(value)) {
      sum.readable = true;
      sum.row = std::move(*row);
    }
    return page.size() < kPage;
  });
  if (!done) return Failure{done.error()};
  return page;
}

/// Adds the rows of one letter to the sessions that they belong to: both come in the same order.
template <class Add>
EngineResult<void> add_rows(const store::Engine& engine, char letter, std::vector<SessionSum>& page, Add add) {
  // All these keys begin with the letter and the session's number.
  std::string from = store::session_key(page.front().number), to = store::session_key(page.back().number);
  from.front() = to.front() = letter;
  auto at = page.begin();
  return engine.scan(from, store::after_prefix(to), [&](std::string_view key, std::string_view value) {
    const SessionNumber number = store::number_in_key(key);
    while (at != page.end() && at->number < number) ++at;
    if (at != page.end() && at->number == number) add(*at, value);
    return at != page.end();
  });
}
}  // namespace

EngineResult<Inventory> take_inventory(const store::Engine& engine) {
  Inventory inventory;
  const auto done = engine.scan("", "", [&](std::string_view key, std::string_view value) {
    Heap& heap = heap_of(inventory, key.empty() ? '\0' : key.front());
    ++heap.rows;
    heap.bytes += key.size() + value.size();
    if (key == store::key_of_state("format")) inventory.format = store::decode_number(value).value_or(0);
    if (key == store::key_of_state("epoch")) inventory.epoch = store::decode_number(value).value_or(0);
    return true;
  });
  if (!done) return Failure{done.error()};
  return inventory;
}

EngineResult<void> list_sessions(const store::Engine& engine, SessionNumber from, const std::function<bool(const SessionSum&)>& visit) {
  while (true) {
    auto page = next_page(engine, from);
    if (!page) return Failure{page.error()};
    if (page->empty()) return {};
    auto done = add_rows(engine, 'u', *page, [](SessionSum& sum, std::string_view) { ++sum.subscriptions; });
    if (done) done = add_rows(engine, 'i', *page, [](SessionSum& sum, std::string_view) { ++sum.received; });
    if (done) {
      done = add_rows(engine, 'q', *page, [](SessionSum& sum, std::string_view value) {
        ++sum.deliveries;
        if (const auto row = store::decode_delivery(value)) sum.queued_bytes += row->bytes;
      });
    }
    if (!done) return done;
    for (const SessionSum& sum : *page) {
      if (!visit(sum)) return {};
    }
    from = page->back().number + 1;
  }
}

}  // namespace tombo::tomboctl
