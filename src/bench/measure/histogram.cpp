#include "bench/measure/histogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace tombo::bench {

namespace {

constexpr std::string_view kFormat = "h1";  // the first word: a later layout would have another

/// Takes the next word off the front, up to the next blank.
std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// The whole word as a number, or nothing.
template <class Number>
std::optional<Number> number_of(std::string_view word) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

Histogram::Histogram() : buckets_(kBuckets) {
  static_assert(kBuckets == bucket_of(kLongestNs) + 1);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  min_ns_ = count_ == 0 ? other.min_ns_ : std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
}

void Histogram::clear() {
  if (count_ == 0) return;
  std::ranges::fill(buckets_, 0);
  count_ = 0;
  min_ns_ = max_ns_ = 0;
  sum_ns_ = 0;
}

double Histogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

double Histogram::deviation_ns() const {
  if (count_ == 0) return 0;
  const double mean = mean_ns();
  double squares = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (buckets_[i] == 0) continue;
    const double middle = static_cast<double>(lowest_of(i) + lowest_of(i + 1) - 1) / 2;
    squares += static_cast<double>(buckets_[i]) * (middle - mean) * (middle - mean);
  }
  return std::sqrt(squares / static_cast<double>(count_));
}

std::int64_t Histogram::percentile_ns(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  // The small subtraction: 99.9 % of 1,000 is 999, which a double calls 999.0000000000001.
  const double wanted = std::ceil(share * static_cast<double>(count_) - 1e-6);
  const std::uint64_t rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 1.0)), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::clamp(lowest_of(i + 1) - 1, min_ns_, max_ns_);
  }
  return max_ns_;
}

std::string Histogram::serialise() const {
  std::string text = fmt::format("{} {} {} {}", kFormat, min_ns_, max_ns_, sum_ns_);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (buckets_[i] != 0) text += fmt::format(" {}:{}", i, buckets_[i]);
  }
  return text;
}

bool Histogram::deserialise(std::string_view text) {
  if (next_word(text) != kFormat) return false;
  const auto min = number_of<std::int64_t>(next_word(text));
  const auto max = number_of<std::int64_t>(next_word(text));
  const auto sum = number_of<double>(next_word(text));
  if (!min || !max || !sum || *min < 0 || *min > *max || *max > kLongestNs || !std::isfinite(*sum)) return false;
  Histogram read;
  std::size_t last = 0;
  while (!text.empty()) {
    const std::string_view word = next_word(text);
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) return false;
    const auto bucket = number_of<std::size_t>(word.substr(0, colon));
    const auto times = number_of<std::uint64_t>(word.substr(colon + 1));
    if (!bucket || !times || *bucket >= kBuckets || *times == 0) return false;
    if (read.count_ != 0 && *bucket <= last) return false;
    if (*times > std::numeric_limits<std::uint64_t>::max() - read.count_) return false;
    if (read.count_ == 0 && *bucket != bucket_of(*min)) return false;
    read.buckets_[*bucket] = *times;
    read.count_ += *times;
    last = *bucket;
  }
  if (read.count_ == 0 ? *min != 0 || *max != 0 || *sum != 0 : last != bucket_of(*max)) return false;
  // A little room: the sum was rounded at each addition.
  const double mean = read.count_ == 0 ? 0 : *sum / static_cast<double>(read.count_);
  if (mean < static_cast<double>(*min) * 0.999 || mean > static_cast<double>(*max) * 1.001) return false;
  read.min_ns_ = *min;
  read.max_ns_ = *max;
  read.sum_ns_ = *sum;
  *this = std::move(read);
  return true;
}

}  // namespace tombo::bench
