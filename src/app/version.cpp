#include "app/version.hpp"

namespace tombo::app {

std::string_view version() {
  return TOMBO_VERSION;
}

}  // namespace tombo::app
