#pragma once

#include "bench/coordinate/share.hpp"
#include "bench/plan/plan.hpp"
#include "bench/report/report.hpp"

#include <vector>

namespace tombo::bench::coordinate {

/// One report of what the workers measured in the same seconds: counters and histograms added up, seconds laid over
/// each other.  A second's p50 is the mean of the workers', weighted by what they received; its p99 and maximum are
/// the largest.  Where publishers and subscribers were at different workers, losses are found here.
Report merge(const std::vector<Report>& reports, const Plan& whole, bool by_role);

}  // namespace tombo::bench::coordinate
