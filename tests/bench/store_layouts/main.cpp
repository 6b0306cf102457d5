// Compares ways of writing a message for several sessions, on the real engine.
//   at once    one delivery row with the message, or from two sessions on a message row and references; all of them
//              before the acknowledgement
//   later      the message row before the acknowledgement, the references afterwards, without a sync
//   never      the message row before the acknowledgement, then the client has it before the references are written
// usage: tombo_store_layouts DIRECTORY [SECONDS a case, default 2]     The directory must be on a disk and is emptied.
#include "store/open.hpp"
#include "store/rows.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

namespace {

using namespace tombo::store;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t kPayload = 200;
constexpr unsigned kSessions = 1000;

enum class Layout { at_once, later, never };
constexpr const char* kNames[] = {"at once", "later", "never"};

struct Case {
  Layout layout;
  unsigned fan_out;
  unsigned batch;
};
struct Cost {
  double cpu_us = 0;
  double device_bytes = 0;
};

[[noreturn]] void fail(const EngineError& error) {
  fmt::print(stderr, "{}\n", error.text);
  std::exit(1);
}
void must(const EngineResult<void>& result) {
  if (!result) fail(result.error());
}

/// All threads' processor time, and what this process has sent to the disk; not the file system's own journal.
Cost cost_so_far() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); };
  Cost cost{us(used.ru_utime) + us(used.ru_stime), 0};
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    double value = 0;
    io >> value;
    if (name == "write_bytes:") cost.device_bytes = value;
  }
  return cost;
}

/// Makes the rows of one message after the other.
class Messages {
 public:
  explicit Messages(const Case& one) : case_(one) {
    std::mt19937 random(1);
    row_.topic = "plant/line-7/robot-12/temperature";
    row_.received_at = 1'700'000'000;
    row_.qos = tombo::mqtt::Qos::at_least_once;
    for (std::size_t i = 0; i < kPayload; ++i) row_.payload += static_cast<char>(random());
  }
  void next(Changes& now, Changes& late) {
    ++number_;
    row_.payload[number_ % kPayload] = static_cast<char>(number_);
    if (case_.layout == Layout::at_once && case_.fan_out == 1) return inline_body(now);
    now.put(message_key(number_), encode(row_));
    if (case_.layout == Layout::never) return late.erase(message_key(number_));
    DeliveryRow reference;
    reference.message = number_;
    reference.bytes = kPayload + row_.topic.size();
    const std::string bytes = encode(reference);
    Changes& where = case_.layout == Layout::at_once ? now : late;
    for (unsigned i = 0; i < case_.fan_out; ++i) where.put(next_delivery(), bytes);
  }

 private:
  void inline_body(Changes& now) {
    DeliveryRow delivery;
    delivery.bytes = kPayload + row_.topic.size();
    delivery.body = row_;
    now.put(next_delivery(), encode(delivery));
  }
  std::string next_delivery() {
    ++deliveries_;
    return delivery_key(1 + deliveries_ * 7 % kSessions, deliveries_);
  }

  Case case_;
  MessageRow row_;
  MessageNumber number_ = 1ULL << kEpochShift;
  Seq deliveries_ = 0;
};

void run(const std::string& directory, const Case& one, double seconds) {
  std::filesystem::remove_all(directory);
  auto store = open_engine({directory, Profile::server});
  if (!store) fail(store.error());
  Messages messages(one);
  Changes now, late;
  std::vector<double> syncs, lates;
  const Cost before = cost_so_far();
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    now.clear();
    for (unsigned i = 0; i < one.batch; ++i) messages.next(now, late);
    const auto handed_over = Clock::now();
    must(store->engine->write(now, true));
    syncs.push_back(Microseconds(Clock::now() - handed_over).count());
    // The acknowledgements have gone; what comes now delays those of the next batch.
    const auto synced = Clock::now();
    if (!late.empty()) must(store->engine->write(late, false));
    late.clear();
    lates.push_back(Microseconds(Clock::now() - synced).count());
  }
  const double took_us = Microseconds(Clock::now() - begin).count();
  const Cost after = cost_so_far();
  const double count = static_cast<double>(syncs.size() * one.batch);
  std::sort(syncs.begin(), syncs.end());
  std::sort(lates.begin(), lates.end());
  fmt::print("| {} | {} | {} | {:.0f} | {:.1f} | {:.0f} | {:.2f} | {:.2f} | {:.2f} |\n", one.fan_out, one.batch,
             kNames[static_cast<int>(one.layout)], count / took_us * 1e6, (after.cpu_us - before.cpu_us) / count,
             (after.device_bytes - before.device_bytes) / count, syncs[syncs.size() / 2] / 1000,
             syncs[syncs.size() * 99 / 100] / 1000, lates[lates.size() / 2] / 1000);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "usage: tombo_store_layouts DIRECTORY [SECONDS]\n");
    return 2;
  }
  const double seconds = count > 2 ? std::atof(arguments[2]) : 2.0;
  const std::string directory = std::string(arguments[1]) + "/tombo_store_layouts";
  fmt::print("| fan-out | batch | references | messages/s | CPU µs/message | bytes to disk/message | acknowledgement after, "
             "median ms | 99 % ms | then busy, median ms |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const unsigned fan_out : {1U, 10U, 100U}) {
    for (const unsigned batch : {64U, 256U}) {
      for (const Layout layout : {Layout::at_once, Layout::later, Layout::never})
        run(directory, {layout, fan_out, batch}, seconds);
    }
  }
  std::filesystem::remove_all(directory);
}
