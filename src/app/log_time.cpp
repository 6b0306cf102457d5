#include "app/log_time.hpp"

#include "app/log_lines.hpp"

#include <array>

namespace tombo::app {

namespace {
/// What a form of 128 characters can become, names of days and months in any language included; more is left out.
constexpr std::size_t kTextMax = 4'096;
}  // namespace

OwnTimeForm::OwnTimeForm(const config::Log& options)
    : form_(options.timestamps ? options.timestamp_format : std::string{}),
      separator_(options.wording == config::LogWording::mosquitto ? ": " : " ") {}

void OwnTimeForm::append(std::chrono::system_clock::time_point time, std::string& line) {
  if (empty()) return;
  const std::time_t second = std::chrono::system_clock::to_time_t(time);
  if (second != second_) {  // most lines are of the second of the one before
    std::tm local{};
    ::localtime_r(&second, &local);
    std::array<char, kTextMax> text;
    const std::size_t size = std::strftime(text.data(), text.size(), form_.c_str(), &local);
    text_ = one_line({text.data(), size}) + separator_;
    second_ = second;
  }
  line += text_;
}

}  // namespace tombo::app
