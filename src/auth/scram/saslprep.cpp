#include "auth/scram/saslprep.hpp"

#include <gsasl.h>

namespace tombo::auth {

std::optional<std::string> saslprep(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return {};
  char* prepared = nullptr;
  const int result = gsasl_saslprep(std::string(text).c_str(), GSASL_ALLOW_UNASSIGNED, &prepared, nullptr);
  if (result != GSASL_OK || prepared == nullptr) return {};
  std::string out(prepared);
  gsasl_free(prepared);
  return out;
}

}  // namespace tombo::auth
