#include "tomboctl/run_store.hpp"

#include "store/backup.hpp"
#include "tomboctl/human.hpp"
#include "tomboctl/store/check.hpp"
#include "tomboctl/store/export.hpp"
#include "store/import/format.hpp"
#include "tomboctl/store/import_file.hpp"
#include "tomboctl/store/output_file.hpp"
#include "tomboctl/store/places.hpp"
#include "tomboctl/store_listing.hpp"
#include "tomboctl/table.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace tombo::tomboctl {

using What = StoreWish::What;

namespace {

void say(const std::string& text) { fmt::print(stderr, "tomboctl: {}\n", printable(text, std::string::npos)); }

/// Numbers with their names, as people or programs want them.
void write_counts(const StoreWish& wish, const Json& counts) {
  if (wish.json) return write_json(counts, stdout);
  for (const auto& [name, count] : counts.items()) fmt::print(stdout, "{}: {}\n", name, count.dump());
}

/// Losses are told on stdout with the rest: they are the answer.
Result<CheckTotals, Trouble> check(const store::Engine& engine, const std::string& directory, const StoreWish& wish) {
  const auto totals = check_store(engine, [&wish](const Finding& finding) {
    const char* weight = finding.weight == Finding::Weight::loss ? "loss" : "waste";
    if (wish.json) return write_json(Json{{"weight", weight}, {"what", finding.text}}, stdout);
    fmt::print(stdout, "{}: {}\n", weight, printable(finding.text, std::string::npos));
  });
  if (!totals) return Failure{trouble_with(directory, totals.error())};
  return *totals;
}

Result<void, Trouble> check(const StoreWish& wish) {
  const auto opened = open_to_read(wish.directory);
  if (!opened) return Failure{opened.error()};
  const auto totals = check(*opened->engine, wish.directory, wish);
  if (!totals) return Failure{totals.error()};
  write_counts(wish, Json{{"rows", totals->rows}, {"losses", totals->losses}, {"wastes", totals->wastes}});
  if (totals->losses != 0) return Failure{Trouble{kExitRefused, fmt::format("the store in {} is not whole", wish.directory)}};
  return {};
}

Result<void, Trouble> read(const StoreWish& wish, Result<void, Trouble> (*work)(const store::Engine&, const StoreWish&)) {
  const auto opened = open_to_read(wish.directory);
  if (!opened) return Failure{opened.error()};
  if (const auto known = store::check_format(*opened->engine); !known) return Failure{trouble_with(wish.directory, known.error())};
  return work(*opened->engine, wish);
}

Result<void, Trouble> export_to_file(const store::Engine& engine, const StoreWish& wish) {
  auto file = OutputFile::open(wish.other);
  if (!file) return Failure{Trouble{kExitRefused, file.error()}};
  const auto exported = export_store(engine, {[&](std::string_view line) { return file->write(line); },
                                              [](const std::string& what) { say("left out: " + what); }});
  if (!exported) return Failure{trouble_with(wish.directory, exported.error())};
  if (const auto closed = file->finish(); !closed) return Failure{Trouble{kExitRefused, closed.error()}};
  if (exported->left_out == 0) return {};
  return Failure{Trouble{kExitRefused, fmt::format("{} rows of the store could not be exported (see 'store check'), the others were", exported->left_out)}};
}

Result<void, Trouble> import_from_file(const StoreWish& wish) {
  const auto done = import_file({wish.directory, wish.other, wish.form, wish.merge});
  leave_to_owner(wish.directory);
  if (!done) return Failure{done.error()};
  for (const std::string& note : done->notes) say(note);
  write_counts(wish, Json{{"sessions", done->rows.sessions}, {"subscriptions", done->rows.subscriptions}, {"deliveries", done->rows.deliveries},
                          {"messages", done->rows.messages}, {"received", done->rows.received}, {"retained", done->rows.retained}});
  return {};
}

/// Something with a store that nobody else uses.
Result<void, Trouble> with_own(const std::string& directory, const std::function<store::EngineResult<void>(store::Engine&)>& work) {
  Result<void, Trouble> done;
  {
    auto opened = open_to_write(directory);
    if (!opened) return Failure{opened.error()};
    for (const std::string& warning : opened->warnings) say(warning);
    auto worked = store::check_format(*opened->engine);
    if (worked) worked = work(*opened->engine);
    if (!worked) done = Failure{trouble_with(directory, worked.error())};
  }
  leave_to_owner(directory);
  return done;
}

/// A backup that has lost something would be found out when its sessions are missed.
Result<void, Trouble> restore(const StoreWish& wish) {
  {
    const auto opened = open_to_read(wish.other);
    if (!opened) return Failure{opened.error()};
    if (const auto known = store::check_format(*opened->engine); !known) return Failure{trouble_with(wish.other, known.error())};
    const auto totals = check(*opened->engine, wish.other, wish);
    if (!totals) return Failure{totals.error()};
    if (totals->losses != 0 && !wish.force) {
      return Failure{Trouble{kExitRefused, fmt::format("the backup in {} is not whole; --force restores what is there", wish.other)}};
    }
  }
  return copy_store(wish.other, wish.directory);
}

Result<void, Trouble> carry_out(const StoreWish& wish) {
  switch (wish.what) {
    case What::ls: return read(wish, list_store);
    case What::show: return read(wish, show_of_store);
    case What::check: return check(wish);
    case What::export_to: return read(wish, export_to_file);
    case What::import_from: return import_from_file(wish);
    case What::compact: return with_own(wish.directory, [](store::Engine& engine) { return engine.compact(); });
    case What::backup:
      return with_own(wish.directory, [&wish](store::Engine& engine) { return store::make_backup(engine, wish.other); });
    case What::restore: return restore(wish);
    case What::none: break;
  }
  return {};
}

}  // namespace

int run_store(const StoreWish& wish) {
  const auto done = carry_out(wish);
  std::fflush(stdout);
  if (done) return kExitOk;
  say(done.error().text);
  return done.error().exit_code;
}

}  // namespace tombo::tomboctl
