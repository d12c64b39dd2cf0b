// What a request brings, as typed values: body, query, path. What is unknown or of the wrong type
// is named.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include "api/rest/call.h"
#include "base/id.h"
#include "base/result.h"
#include "model/json_fields.h"
#include "model/message.h"
#include "net/http.h"

namespace baton::api::rest {

/// What a body says it is.
enum class MediaType : std::uint8_t { json, ndjson, other };
/// Parameters are ignored. A missing type, and the one that `curl -d` sends by itself, count as
/// JSON.
[[nodiscard]] MediaType media_type_of(const net::Request& request) noexcept;

/// A JSON object as a body, with the memory it stands in; small ones need no allocation.
class JsonBody final {
public:
    JsonBody() : memory_(buffer_.data(), buffer_.size()) {}
    JsonBody(const JsonBody&) = delete;
    JsonBody& operator=(const JsonBody&) = delete;

    /// Parses the request's body, once; the view lives as long as this. An empty body is an empty
    /// object. Fails: unsupported_media_type, malformed_json, invalid_utf8; invalid_argument when
    /// it is no object or has fields that are not `known`.
    [[nodiscard]] Result<Fields> parse(
        const net::Request& request, std::span<const std::string_view> known);
    /// The same for a body of any shape.
    [[nodiscard]] Result<const boost::json::value*> parse(const net::Request& request);

private:
    std::array<unsigned char, 2'048> buffer_{};
    boost::json::monotonic_resource memory_;
    std::optional<boost::json::value> value_;
};

/// `error` with the name that the caller used for what others call the field `from`.
[[nodiscard]] Error renamed(Error error, std::string_view from, std::string_view to);

/// A duration of whole milliseconds in a body; absent: `fallback`. Its range is the service's
/// matter.
[[nodiscard]] Result<Duration> milliseconds(
    const Fields& fields, std::string_view name, Duration fallback);

/// Fails: invalid_argument when the query has a parameter that is not `known`, or one twice.
[[nodiscard]] Result<void> check_query(
    const net::Request& request, std::span<const std::string_view> known);

/// A whole number of the query, 0 .. 2^53; absent: `fallback`. Fails: invalid_argument.
[[nodiscard]] Result<std::uint64_t> query_number(
    const net::Request& request, std::string_view name, std::uint64_t fallback);
/// The same for what ends up in 32 bits: 0 .. 2^32 - 1.
[[nodiscard]] Result<std::uint32_t> query_count(
    const net::Request& request, std::string_view name, std::uint32_t fallback);
[[nodiscard]] Result<Duration> query_milliseconds(
    const net::Request& request, std::string_view name, Duration fallback);

/// Text as a whole number, 0 .. 2^53. Fails: invalid_argument with `field`.
[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view field, std::string_view text);

/// The level in `text`. Fails: invalid_argument with `field`.
[[nodiscard]] Result<Level> level_of(std::string_view field, std::string_view text);

/// The {queue} of the path. Fails: invalid_argument.
[[nodiscard]] Result<QueueName> queue_of(const Call& call);
/// The {id} of the path. Text that can be no id is the id of no message. Fails: message_not_found.
[[nodiscard]] Result<MessageId> message_of(const Call& call);

}  // namespace baton::api::rest
