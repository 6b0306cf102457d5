#include "tomboctl/store/import_file.hpp"

#include "tomboctl/store/import.hpp"
#include "store/import/mapped_file.hpp"
#include "store/import/mosquitto_file.hpp"
#include "store/import/mosquitto_import.hpp"
#include "tomboctl/store/places.hpp"

#include <chrono>
#include <fstream>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tombo::tomboctl {

using Form = StoreWish::Form;

namespace {

Failure<Trouble> refused(std::string text) { return Failure{Trouble{kExitRefused, std::move(text)}}; }

Result<Form, Trouble> form_of(std::string_view bytes, const ImportWish& wish) {
  if (wish.form != Form::any) return wish.form;
  if (store::is_mosquitto_file(bytes)) return Form::mosquitto;
  if (bytes.starts_with('{')) return Form::tombo;
  return refused(fmt::format("{} is neither an export of tombo nor a file of Mosquitto", wish.file));
}

/// Puts a file that was looked through into the store that the writer writes.
using Fill = std::function<Result<FileImported, Trouble>(store::StoreWriter&)>;

Result<Fill, Trouble> prepare_mosquitto(std::string_view bytes, const ImportWish& wish) {
  auto file = store::read_mosquitto_file(bytes);
  if (!file) {
    return refused(fmt::format("{} cannot be imported, and nothing was written: at offset {}: {}", wish.file, file.error().offset, file.error().text));
  }
  return Fill([file = std::move(*file), &wish](store::StoreWriter& writer) -> Result<FileImported, Trouble> {
    using namespace std::chrono;
    const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
    const auto imported = store::import_mosquitto(file, now, writer);
    if (!imported) return Failure{trouble_with(wish.directory, imported.error())};
    FileImported done{imported->rows, {}};
    if (imported->qos0_left_out != 0) done.notes.push_back(fmt::format("left out: {} queued messages of QoS 0", imported->qos0_left_out));
    return done;
  });
}

Result<Fill, Trouble> prepare_export(const ImportWish& wish) {
  std::ifstream lines(wish.file, std::ios::binary);
  if (const auto checked = check_export(lines); !checked) {
    return refused(fmt::format("{} cannot be imported, and nothing was written: {}", wish.file, checked.error()));
  }
  return Fill([&wish](store::StoreWriter& writer) -> Result<FileImported, Trouble> {
    std::ifstream again(wish.file, std::ios::binary);
    const auto imported = import_export(again, writer);
    if (!imported) return refused(fmt::format("{}: {}", wish.directory, imported.error()));
    return FileImported{*imported, {}};
  });
}

/// A store that is there gets everything by one write.
Result<FileImported, Trouble> merge(const ImportWish& wish, const Fill& fill) {
  auto opened = open_to_write(wish.directory);
  if (!opened) return Failure{opened.error()};
  store::StoreWriter writer(*opened->engine, store::StoreWriter::kAllAtOnce);
  if (const auto begun = writer.begin(); !begun) return Failure{trouble_with(wish.directory, begun.error())};
  if (!writer.was_empty() && !wish.merge) {
    return refused(fmt::format("the store in {} holds something already; --merge adds to it", wish.directory));
  }
  auto done = fill(writer);
  if (!done) return done;
  for (std::string& warning : opened->warnings) done->notes.push_back(std::move(warning));
  const store::Imported& rows = done->rows;
  if (rows.known_sessions != 0) done->notes.push_back(fmt::format("left out: {} sessions that the store has already", rows.known_sessions));
  if (rows.known_retained != 0) done->notes.push_back(fmt::format("left out: {} retained messages that the store has already", rows.known_retained));
  return done;
}

Result<FileImported, Trouble> fill_new(const ImportWish& wish, const Fill& fill) {
  std::optional<FileImported> imported;
  const auto made = make_store(wish.directory, [&](store::Engine& engine) -> Result<void, Trouble> {
    store::StoreWriter writer(engine, store::StoreWriter::kBatchBytes);
    if (const auto begun = writer.begin(); !begun) return Failure{trouble_with(wish.directory, begun.error())};
    auto done = fill(writer);
    if (!done) return Failure{done.error()};
    imported = std::move(*done);
    return {};
  });
  if (!made) return Failure{made.error()};
  return *imported;
}

}  // namespace

Result<FileImported, Trouble> import_file(const ImportWish& wish) {
  const auto file = store::MappedFile::open(wish.file);
  if (!file) return refused(file.error());
  const auto form = form_of(file->bytes(), wish);
  if (!form) return Failure{form.error()};
  const auto fill = *form == Form::mosquitto ? prepare_mosquitto(file->bytes(), wish) : prepare_export(wish);
  if (!fill) return Failure{fill.error()};
  return has_store(wish.directory) ? merge(wish, *fill) : fill_new(wish, *fill);
}

}  // namespace tombo::tomboctl
