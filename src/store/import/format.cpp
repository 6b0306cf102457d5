#include "store/import/format.hpp"

#include "store/rows.hpp"

#include <fmt/format.h>

namespace tombo::store {

EngineResult<void> check_format(const Engine& engine) {
  std::string value;
  const auto found = engine.get(key_of_state("format"), value);
  if (!found) return Failure{found.error()};
  if (!*found) return {};
  const auto format = decode_number(value);
  if (!format) return Failure{EngineError{EngineError::Kind::damaged, "its format cannot be read"}};
  if (*format == kFormat) return {};
  const char* advice = *format > kFormat ? "use a newer tombo" : "start tombo on it once, which brings it up to date";
  return Failure{EngineError{EngineError::Kind::refused,
                             fmt::format("it has format {}, and this program knows format {}: {}", *format, kFormat, advice)}};
}

}  // namespace tombo::store
