#include "tomboctl/store/format.hpp"

#include "store/rows.hpp"

#include <fmt/format.h>

namespace tombo::tomboctl {

store::EngineResult<void> check_format(const store::Engine& engine) {
  using store::EngineError;
  std::string value;
  const auto found = engine.get(store::key_of_state("format"), value);
  if (!found) return Failure{found.error()};
  if (!*found) return {};
  const auto format = store::decode_number(value);
  if (!format) return Failure{EngineError{EngineError::Kind::damaged, "its format cannot be read"}};
  if (*format == store::kFormat) return {};
  const char* advice = *format > store::kFormat ? "use the tomboctl of a newer tombo" : "start tombo on it once, which brings it up to date";
  return Failure{EngineError{EngineError::Kind::refused,
                             fmt::format("it has format {}, and this program knows format {}: {}", *format, store::kFormat, advice)}};
}

}  // namespace tombo::tomboctl
