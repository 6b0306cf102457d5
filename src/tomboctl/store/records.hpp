#pragma once

#include "base/result.hpp"
#include "store/rows.hpp"
#include "tomboctl/store/json_fields.hpp"

#include <string>
#include <string_view>

// Rows of the store as JSON objects, for people, for export and back again.  What has its usual value is left out, so that
// reading gives exactly what was written.

namespace tombo::tomboctl {

Json json_of(const store::SessionRow& row);
Json json_of(std::string_view filter, const store::SubscriptionRow& row);
Json json_of(const store::MessageRow& row);
/// Without the number of a shared message.
Json json_of(const store::DeliveryRow& row);

store::SessionRow read_session(JsonFields& fields);
/// The filter as it stands in the key.
store::SubscriptionRow read_subscription(JsonFields& fields, std::string& filter);
store::MessageRow read_message(JsonFields& fields);
/// Without the number of a shared message.
store::DeliveryRow read_delivery(JsonFields& fields);

}  // namespace tombo::tomboctl
