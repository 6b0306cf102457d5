#include "support/wire_cases.hpp"

namespace tombo::test {
namespace {

using enum mqtt::ReasonCode;
using enum mqtt::Version;
using enum mqtt::Sender;

constexpr WireRow kRows[] = {
    {"5.0 SUBSCRIBE, one filter", "5.0 MQTT-3.8.3-1", v5, client, "82 ## 00 01 [ ] <a/b> 01", success, true},
    {"5.0 SUBSCRIBE, three filters", "", v5, client, "82 ## 00 01 [ ] <a> 00 <+/b> 01 <#> 02"},
    {"5.0 SUBSCRIBE, every option", "", v5, client, "82 ## 00 01 [ 0B 05 26 <a> <b> ] <a> 2E", success, true},
    {"5.0 SUBSCRIBE, retain handling 1", "", v5, client, "82 ## 00 01 [ ] <a> 11"},
    {"5.0 SUBSCRIBE, shared", "", v5, client, "82 ## 00 01 [ ] <$share/g/a> 02"},
    {"5.0 SUBSCRIBE, largest identifier", "", v5, client, "82 ## FF FF [ 0B FF FF FF 7F ] <a> 00"},
    {"5.0 SUBSCRIBE, misplaced wildcard is judged per filter", "5.0 MQTT-4.7.1-1", v5, client, "82 ## 00 01 [ ] <a#> 00"},
    {"5.0 SUBSCRIBE, empty filter is judged per filter", "5.0 MQTT-4.7.3-1", v5, client, "82 ## 00 01 [ ] <> 00"},
    {"5.0 SUBSCRIBE without filter", "5.0 MQTT-3.8.3-2", v5, client, "82 ## 00 01 [ ]", protocol_error},
    {"5.0 SUBSCRIBE, packet identifier 0", "5.0 MQTT-2.2.1-3", v5, client, "82 ## 00 00 [ ] <a> 00", protocol_error},
    {"5.0 SUBSCRIBE, wrong flags", "5.0 MQTT-3.8.1-1", v5, client, "80 ## 00 01 [ ] <a> 00", malformed_packet},
    {"5.0 SUBSCRIBE, DUP as in 3.1", "5.0 MQTT-3.8.1-1", v5, client, "8A ## 00 01 [ ] <a> 00", malformed_packet},
    {"5.0 SUBSCRIBE, option bit 6", "5.0 MQTT-3.8.3-5", v5, client, "82 ## 00 01 [ ] <a> 40", malformed_packet},
    {"5.0 SUBSCRIBE, option bit 7", "5.0 MQTT-3.8.3-5", v5, client, "82 ## 00 01 [ ] <a> 80", malformed_packet},
    {"5.0 SUBSCRIBE, QoS 3", "", v5, client, "82 ## 00 01 [ ] <a> 03", protocol_error},
    {"5.0 SUBSCRIBE, retain handling 3", "", v5, client, "82 ## 00 01 [ ] <a> 30", protocol_error},
    {"5.0 SUBSCRIBE, shared and no local", "5.0 MQTT-3.8.3-4", v5, client, "82 ## 00 01 [ ] <$share/g/a> 04", protocol_error},
    {"5.0 SUBSCRIBE, second filter shared and no local", "5.0 MQTT-3.8.3-4", v5, client, "82 ## 00 01 [ ] <a> 04 <$share/g/a> 05", protocol_error},
    {"5.0 SUBSCRIBE, filter not text", "5.0 MQTT-3.8.3-1", v5, client, "82 ## 00 01 [ ] 00 02 C0 80 00", malformed_packet},
    {"5.0 SUBSCRIBE, filter with U+0000", "5.0 MQTT-4.7.3-2", v5, client, "82 ## 00 01 [ ] 00 01 00 00", malformed_packet},
    {"5.0 SUBSCRIBE, subscription identifier 0", "", v5, client, "82 ## 00 01 [ 0B 00 ] <a> 00", protocol_error},
    {"5.0 SUBSCRIBE, subscription identifier twice", "", v5, client, "82 ## 00 01 [ 0B 01 0B 02 ] <a> 00", protocol_error},
    {"5.0 SUBSCRIBE, second filter without options", "", v5, client, "82 ## 00 01 [ ] <a> 00 <b>", malformed_packet},
    {"5.0 SUBSCRIBE from a server", "", v5, server, "82 ## 00 01 [ ] <a> 00", protocol_error},
    {"3.1.1 SUBSCRIBE, one filter", "3.1.1 MQTT-3.8.3-1", v3_1_1, client, "82 ## 00 01 <a/b> 01", success, true},
    {"3.1.1 SUBSCRIBE, two filters", "", v3_1_1, client, "82 ## 00 01 <a/b> 01 <c> 02"},
    {"3.1.1 SUBSCRIBE without filter", "3.1.1 MQTT-3.8.3-3", v3_1_1, client, "82 ## 00 01", protocol_error},
    {"3.1.1 SUBSCRIBE, QoS 3", "3.1.1 MQTT-3.8.3-4", v3_1_1, client, "82 ## 00 01 <a> 03", malformed_packet},
    {"3.1.1 SUBSCRIBE, reserved option bits", "3.1.1 MQTT-3.8.3-4", v3_1_1, client, "82 ## 00 01 <a> 04", malformed_packet},
    {"3.1.1 SUBSCRIBE, wrong flags", "3.1.1 MQTT-3.8.1-1", v3_1_1, client, "80 ## 00 01 <a> 00", malformed_packet},
    {"3.1.1 SUBSCRIBE, DUP as in 3.1", "3.1.1 MQTT-3.8.1-1", v3_1_1, client, "8A ## 00 01 <a> 00", malformed_packet},
    {"3.1.1 SUBSCRIBE, packet identifier 0", "3.1.1 MQTT-2.3.1-1", v3_1_1, client, "82 ## 00 00 <a> 00", protocol_error},
    {"3.1.1 SUBSCRIBE, filter not text", "3.1.1 MQTT-3.8.3-1", v3_1_1, client, "82 ## 00 01 00 01 FF 00", malformed_packet},
    {"3.1 SUBSCRIBE", "", v3_1, client, "82 ## 00 01 <a> 02"},
    {"3.1 SUBSCRIBE, resent", "", v3_1, client, "8A ## 00 01 <a> 02"},
    {"3.1 SUBSCRIBE, no QoS in the header", "", v3_1, client, "80 ## 00 01 <a> 02", malformed_packet},

    {"5.0 UNSUBSCRIBE, one filter", "5.0 MQTT-3.10.3-1", v5, client, "A2 ## 00 01 [ ] <a/b>", success, true},
    {"5.0 UNSUBSCRIBE, two filters and a property", "", v5, client, "A2 ## 00 01 [ 26 <a> <b> ] <a> <#>"},
    {"5.0 UNSUBSCRIBE without filter", "5.0 MQTT-3.10.3-2", v5, client, "A2 ## 00 01 [ ]", protocol_error},
    {"5.0 UNSUBSCRIBE, packet identifier 0", "5.0 MQTT-2.2.1-3", v5, client, "A2 ## 00 00 [ ] <a>", protocol_error},
    {"5.0 UNSUBSCRIBE, wrong flags", "5.0 MQTT-3.10.1-1", v5, client, "A0 ## 00 01 [ ] <a>", malformed_packet},
    {"5.0 UNSUBSCRIBE, filter not text", "5.0 MQTT-3.10.3-1", v5, client, "A2 ## 00 01 [ ] 00 01 80", malformed_packet},
    {"5.0 UNSUBSCRIBE, second filter cut", "", v5, client, "A2 ## 00 01 [ ] <a> 00 02 'b'", malformed_packet},
    {"3.1.1 UNSUBSCRIBE", "3.1.1 MQTT-3.10.3-1", v3_1_1, client, "A2 ## 00 01 <a/b>", success, true},
    {"3.1.1 UNSUBSCRIBE without filter", "3.1.1 MQTT-3.10.3-2", v3_1_1, client, "A2 ## 00 01", protocol_error},
    {"3.1.1 UNSUBSCRIBE, wrong flags", "3.1.1 MQTT-3.10.1-1", v3_1_1, client, "A3 ## 00 01 <a>", malformed_packet},
    {"3.1.1 UNSUBSCRIBE, DUP as in 3.1", "3.1.1 MQTT-3.10.1-1", v3_1_1, client, "AA ## 00 01 <a>", malformed_packet},
    {"3.1 UNSUBSCRIBE, resent", "", v3_1, client, "AA ## 00 01 <a>"},

    {"5.0 SUBACK, every code", "5.0 MQTT-3.9.3-2", v5, server, "90 ## 00 01 [ ] 00 01 02 80 83 87 8F 91 97 9E A1 A2"},
    {"5.0 SUBACK with diagnostics", "", v5, server, "90 ## 00 01 [ 1F <why> 26 <a> <b> ] 00", success, true},
    {"5.0 SUBACK, foreign code", "5.0 MQTT-3.9.3-2", v5, server, "90 ## 00 01 [ ] 11", protocol_error},
    {"5.0 SUBACK without code", "", v5, server, "90 ## 00 01 [ ]", malformed_packet},
    {"5.0 SUBACK, wrong flags", "", v5, server, "92 ## 00 01 [ ] 00", malformed_packet},
    {"5.0 SUBACK, identifier 0", "", v5, server, "90 ## 00 00 [ ] 00", protocol_error},
    {"5.0 SUBACK from a client", "", v5, client, "90 ## 00 01 [ ] 00", protocol_error},
    {"3.1.1 SUBACK, every code", "3.1.1 MQTT-3.9.3-2", v3_1_1, server, "90 ## 00 01 00 01 02 80"},
    {"3.1.1 SUBACK, another code", "3.1.1 MQTT-3.9.3-2", v3_1_1, server, "90 ## 00 01 87", protocol_error},
    {"3.1 SUBACK", "", v3_1, server, "90 ## 00 01 02"},
    {"3.1 SUBACK knows no failure", "", v3_1, server, "90 ## 00 01 80", protocol_error},
    {"5.0 UNSUBACK, every code", "5.0 MQTT-3.11.3-2", v5, server, "B0 ## 00 01 [ ] 00 11 80 83 87 8F 91"},
    {"5.0 UNSUBACK with diagnostics", "", v5, server, "B0 ## 00 01 [ 1F <why> 26 <a> <b> ] 11", success, true},
    {"5.0 UNSUBACK, foreign code", "5.0 MQTT-3.11.3-2", v5, server, "B0 ## 00 01 [ ] 01", protocol_error},
    {"5.0 UNSUBACK from a client", "", v5, client, "B0 ## 00 01 [ ] 00", protocol_error},
    {"3.1.1 UNSUBACK", "3.1.1 MQTT-2.3.1-7", v3_1_1, server, "B0 ## 00 01", success, true},
    {"3.1.1 UNSUBACK with a code", "", v3_1_1, server, "B0 ## 00 01 00", malformed_packet},
};

}  // namespace

std::span<const WireRow> subscription_rows() { return kRows; }

}  // namespace tombo::test
