#include "tomboctl/table.hpp"

#include "tomboctl/human.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {
/// Client ids and topics may be long.
constexpr std::size_t kCellMax = 100;

bool is_number(Look look) { return look == Look::count || look == Look::size || look == Look::age || look == Look::rate; }
}  // namespace

std::string shown(const Json& value, Look look) {
  if (value.is_null()) return "-";
  if (value.is_string()) return printable(value.get_ref<const std::string&>(), look == Look::whole_text ? std::string::npos : kCellMax);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_number()) return printable(value.dump(), kCellMax);
  const auto number = value.get<double>();
  const auto whole = static_cast<std::uint64_t>(std::max(number, 0.0));
  switch (look) {
    case Look::size: return human_size(whole);
    case Look::age: return human_age(whole);
    case Look::rate: return human_count(number);
    case Look::count:
    case Look::text:
    case Look::whole_text:
    case Look::flag: break;
  }
  return value.dump();
}

Table::Table(std::vector<Column> columns, std::FILE* out) : columns_(std::move(columns)), out_(out) {
  for (const Column& column : columns_) widths_.push_back(column.title.size());
}

void Table::add(const Json& row) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto at = row.find(columns_[i].key);
    cells.push_back(at == row.end() ? "-" : shown(*at, columns_[i].look));
    widths_[i] = std::max(widths_[i], columns_of(cells.back()));
  }
  if (begun_) return write(cells);
  measured_.push_back(std::move(cells));
  if (measured_.size() == kMeasuredRows) write_measured();
}

void Table::write_measured() {
  begun_ = true;
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.emplace_back(column.title);
  write(titles);
  for (const auto& cells : measured_) write(cells);
  measured_.clear();
}

void Table::end() {
  if (!begun_) write_measured();
}

void Table::write(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t used = columns_of(cells[i]);
    const std::string gap(widths_[i] - std::min(used, widths_[i]), ' ');
    if (i != 0) line += "  ";
    line += is_number(columns_[i].look) ? gap + cells[i] : cells[i] + gap;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  fmt::print(out_, "{}\n", line);
}

void write_json(const Json& json, std::FILE* out) { fmt::print(out, "{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

void write_object(const Json& object, const std::vector<Column>& columns, std::FILE* out) {
  std::size_t width = 0;
  for (const Column& column : columns) width = std::max(width, column.title.size());
  for (const Column& column : columns) {
    const auto at = object.find(column.key);
    if (at != object.end()) fmt::print(out, "{:<{}}  {}\n", column.title, width, shown(*at, column.look));
  }
}

}  // namespace tombo::tomboctl
