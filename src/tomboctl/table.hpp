#pragma once

#include "tomboctl/channel.hpp"

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::tomboctl {

/// How a value is shown to people.
enum class Look : std::uint8_t { text, whole_text, count, size, age, flag, rate };

struct Column {
  std::string_view title;
  std::string_view key;
  Look look = Look::text;
};

std::string shown(const Json& value, Look look);

/// Rows as a table with aligned columns, written to `out` as they come: widths are those of the first rows, later ones
/// may widen a column.
class Table {
 public:
  Table(std::vector<Column> columns, std::FILE* out);

  void add(const Json& row);
  /// Writes what is left; says nothing but the titles if there were no rows.
  void end();

 private:
  static constexpr std::size_t kMeasuredRows = 1000;

  void write(const std::vector<std::string>& cells);
  void write_measured();

  std::vector<Column> columns_;
  std::FILE* out_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> measured_;
  bool begun_ = false;
};

/// In one line; what is no UTF-8 is replaced.
void write_json(const Json& json, std::FILE* out);

/// Keys and values of one object below each other.
void write_object(const Json& object, const std::vector<Column>& columns, std::FILE* out);

}  // namespace tombo::tomboctl
