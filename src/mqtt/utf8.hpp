#pragma once

#include <string_view>

namespace tombo::mqtt {

/// Whether `text` is well-formed UTF-8 without U+0000 and surrogates.  [MQTT-1.5.4-1, MQTT-1.5.4-2]
/// Other control characters and non-characters pass.
bool is_valid_text(std::string_view text);

/// Whether a payload that claims to be text is well-formed UTF-8; U+0000 is allowed.  (Payload Format Indicator 1)
bool is_valid_payload_text(std::string_view text);

}  // namespace tombo::mqtt
