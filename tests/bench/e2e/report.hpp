#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "scenario.hpp"

namespace tombo::bench {

/// The columns of a comparison.
enum class Side : std::uint8_t { a, b, a_single, relay };
inline constexpr std::size_t kSides = 4;

[[nodiscard]] const char* side_name(Side side);

/// Every measured number of a comparison: "scenario.metric" to one sample per round.
class Samples {
 public:
  void add(Side side, const Result& result);
  /// NaN when nothing was measured.
  [[nodiscard]] double median(Side side, const std::string& scenario, const std::string& metric) const;

 private:
  std::array<std::map<std::string, std::vector<double>>, kSides> values_;
};

struct ReportOptions {
  std::string a_name = "A";
  std::string b_name = "B";
  bool targets = false;
};

struct Report {
  std::string markdown;
  int missed = 0;  ///< Targets not met; rows without numbers do not count.
};

[[nodiscard]] Report make_report(const Samples& samples, const ReportOptions& options);

/// One flat JSON object.
[[nodiscard]] std::string to_json(const Result& result, const std::string& extra = {});

}  // namespace tombo::bench
