#include "store/import/scan_letter.hpp"

namespace tombo::store {

EngineResult<void> scan_letter(const Engine& engine, char letter, const Engine::Visit& visit) {
  const char from[] = {letter};
  const char to[] = {static_cast<char>(letter + 1)};
  return engine.scan({from, 1}, {to, 1}, visit);
}

}  // namespace tombo::store
