// Values of an export's lines: bytes that are text or base64, times, counts, messages, deliveries.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "model/json_fields.h"
#include "model/message.h"
#include "queue/engine/record.h"

namespace baton::queue {

/// All fail with invalid_argument, naming the field.
[[nodiscard]] Result<Fields> fields_of(
    const boost::json::value& value, std::span<const std::string_view> known);
/// `name`, or `<name>_base64`; empty when neither is there.
[[nodiscard]] Result<std::string> read_bytes(const Fields& fields, std::string_view name);
/// Milliseconds since 1970; 1970 when absent.
[[nodiscard]] Result<TimePoint> read_time(const Fields& fields, std::string_view name);
[[nodiscard]] Result<std::uint64_t> read_seq(const Fields& fields);
[[nodiscard]] Result<std::uint32_t> read_count(const Fields& fields, std::string_view name);
[[nodiscard]] Result<Delivery> read_delivery(const boost::json::value& value);
/// What a post would have taken, by MessageLimits.
[[nodiscard]] Result<std::shared_ptr<const MessageData>> read_data(const Fields& fields);
/// The API shows metadata as they are, so they must be an object.
[[nodiscard]] Result<void> check_metadata(const Fields& fields, std::string_view text);

}  // namespace baton::queue
