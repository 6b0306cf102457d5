#pragma once

#include "store/import/scan_letter.hpp"
#include "store/rows.hpp"

#include <string>
#include <string_view>

namespace tombo::tomboctl {

/// A key of the store as people read it: "session 1-17", "delivery 1-42 of session 1-17", "retained a/b".
/// Numbers are shown as epoch and count.
std::string readable_key(std::string_view key);
std::string readable_number(std::uint64_t number);

/// What follows the letter and the session of a subscription's key: the filter.
std::string_view filter_in_key(std::string_view key);
/// What follows the letter of a retained message's key.
std::string_view topic_in_key(std::string_view key);
/// Of a received packet's key; 0 if there is none.
mqtt::PacketId packet_id_in_key(std::string_view key);

}  // namespace tombo::tomboctl
