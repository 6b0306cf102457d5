#pragma once

#include "bench/coordinate/share.hpp"
#include "bench/engine/run.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench::coordinate {

// What coordinator and workers say to each other: a JSON object a line.  Reading never throws; nothing comes back for
// what is no such message.

inline constexpr int kProtocol = 1;

struct Hello {  // worker: the first line
  std::string name;
};
struct ClockQuestion {  // coordinator
  std::int64_t asked_us = 0;
};
struct ClockAnswer {  // worker
  std::int64_t asked_us = 0;
  std::int64_t got_us = 0;
  std::int64_t sent_us = 0;
};
struct Order {  // coordinator: do this
  std::string scenario;
  std::uint32_t run = 0;  // which of its runs
  Share share;
  std::int64_t clock_offset_us = 0;
  std::int64_t start_at_unix_us = 0;
};
struct Done {  // worker
  Report report;
  std::vector<RunError> errors;
};
enum class Word : std::uint8_t { stop, end };  // coordinator: end this run now; all is over

std::string to_line(const Hello& hello);
std::string to_line(const ClockQuestion& question);
std::string to_line(const ClockAnswer& answer);
std::string to_line(const Order& order);
std::string to_line(const Done& done);
std::string to_line(Word word);
std::string progress_line(const std::string& text);  // worker: a line for people, each second

std::optional<Hello> hello_in(std::string_view line);
std::optional<ClockQuestion> clock_question_in(std::string_view line);
std::optional<ClockAnswer> clock_answer_in(std::string_view line);
std::optional<Order> order_in(std::string_view line);
std::optional<Done> done_in(std::string_view line);
std::optional<Word> word_in(std::string_view line);
std::optional<std::string> progress_in(std::string_view line);  // printable

}  // namespace tombo::bench::coordinate
