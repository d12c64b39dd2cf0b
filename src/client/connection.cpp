#include "client/connection.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "client/decode.h"
#include "model/codec.h"

namespace baton::client {
namespace {

namespace json = boost::json;

struct NumberedError {
    std::int64_t number;
    Errc code;
};

// The numbers /api/v1 gives its errors (PROTOCOLS 3.12), back to the code that is nearest.
constexpr std::array envelope_errors{NumberedError{1001, Errc::invalid_message},
    NumberedError{1002, Errc::message_too_large}, NumberedError{1003, Errc::invalid_argument},
    NumberedError{1004, Errc::message_not_found}, NumberedError{1005, Errc::conversation_not_found},
    NumberedError{1006, Errc::invalid_argument}, NumberedError{1007, Errc::queue_full},
    NumberedError{1008, Errc::unavailable}, NumberedError{1009, Errc::rate_limited},
    NumberedError{1010, Errc::deadline_exceeded}, NumberedError{2001, Errc::storage_io},
    NumberedError{2002, Errc::unavailable}, NumberedError{2003, Errc::queue_unavailable},
    NumberedError{2005, Errc::invalid_config}, NumberedError{2007, Errc::storage_full},
    NumberedError{2008, Errc::connection_failed}};

constexpr std::array status_errors{NumberedError{400, Errc::invalid_argument},
    NumberedError{401, Errc::unauthenticated}, NumberedError{403, Errc::permission_denied},
    NumberedError{404, Errc::not_found}, NumberedError{405, Errc::method_not_allowed},
    NumberedError{408, Errc::request_timeout}, NumberedError{409, Errc::conflict},
    NumberedError{413, Errc::payload_too_large}, NumberedError{415, Errc::unsupported_media_type},
    NumberedError{429, Errc::rate_limited}, NumberedError{431, Errc::header_too_large},
    NumberedError{501, Errc::unsupported}, NumberedError{502, Errc::connection_failed},
    NumberedError{503, Errc::unavailable}, NumberedError{504, Errc::deadline_exceeded},
    NumberedError{507, Errc::storage_full}};

template <std::size_t size>
std::optional<Errc> code_of(const std::array<NumberedError, size>& table, std::int64_t number) {
    const auto row = std::ranges::find(table, number, &NumberedError::number);
    return row == table.end() ? std::nullopt : std::optional(row->code);
}

std::chrono::milliseconds retry_after_of(const net::Response& response) {
    const auto text = response.fields.get("Retry-After");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return {};
    return std::chrono::seconds(std::min<std::int64_t>(seconds, 86'400));
}

/// Several errors share a number; what else the answer says tells them apart.
Errc nearer(Errc numbered, Errc by_status, std::chrono::milliseconds retry_after) {
    if (numbered == Errc::queue_unavailable) {
        if (by_status == Errc::not_found) return Errc::queue_not_found;
        if (by_status == Errc::conflict) return Errc::queue_paused;
    }
    const bool is_away = numbered == Errc::storage_io && retry_after.count() > 0;
    return is_away ? Errc::database_unavailable : numbered;
}

/// {"error":{"code","message","details":{"field"},"retry_after_ms"}}
Error error_from_object(const json::object& object) {
    const FieldReader fields(object);
    Error error{.code = errc_from_name(fields.text("code")), .detail = fields.text("message")};
    if (const auto* details = fields.object("details")) {
        error.field = FieldReader(*details).text("field");
    }
    error.retry_after = std::chrono::milliseconds(fields.integer("retry_after_ms"));
    return error;
}

/// {"code":400,"message","error","details":{"field","reason","error_code","retry_after_ms"}}
Error error_from_envelope(const json::object& envelope, Errc by_status) {
    const FieldReader fields(envelope);
    Error error{.code = by_status, .detail = fields.text("message")};
    const auto* object = fields.object("details");
    if (object == nullptr) return error;
    const FieldReader details(*object);
    error.field = details.text("field");
    error.retry_after = std::chrono::milliseconds(details.integer("retry_after_ms"));
    const auto numbered = code_of(envelope_errors, details.integer("error_code"));
    error.code = numbered ? nearer(*numbered, by_status, error.retry_after) : by_status;
    return error;
}

}  // namespace

Error error_from_response(const net::Response& response) {
    const auto by_status = code_of(status_errors, response.status).value_or(Errc::internal);
    Error error{.code = by_status,
        .detail = fmt::format(
            "the server at this address answered with HTTP status {}", response.status)};
    const auto parsed = parse_json(response.body);
    if (parsed && parsed->is_object()) {
        const auto& object = parsed->get_object();
        const FieldReader fields(object);
        if (const auto* inner = fields.object("error")) {
            error = error_from_object(*inner);
        } else if (fields.integer("code") == response.status) {
            error = error_from_envelope(object, by_status);
        }
    }
    if (error.retry_after.count() == 0) error.retry_after = retry_after_of(response);
    return error;
}

Connection::Connection(net::Client& http, ConnectionConfig config)
    : http_(http), config_(std::move(config)) {
    while (config_.url.ends_with('/')) config_.url.pop_back();
}

Task<Result<json::value>> Connection::call(Call call) {
    net::ClientRequest request;
    request.method = call.method;
    request.url = config_.url + call.path;
    request.fields.set("Accept", "application/json");
    if (!call.body.empty()) request.fields.set("Content-Type", "application/json");
    if (!config_.key.empty()) {
        request.fields.set("Authorization", "Bearer " + std::string(config_.key.reveal()));
    }
    request.body = std::move(call.body);
    const auto deadline = Deadline::after(config_.request_timeout + call.wait);
    auto response = co_await http_.send(std::move(request), deadline);
    if (!response) {
        co_return fail(with_context(std::move(response).error(), "asking " + config_.url));
    }
    if (response->status >= 400) co_return fail(error_from_response(*response));
    if (response->body.empty()) co_return json::value(json::object());
    auto value = parse_json(response->body, {}, json_answer_depth_max);
    if (!value) {
        co_return fail(Errc::protocol_error,
            fmt::format(
                "{} answered something that is no JSON: is it a Baton daemon?", config_.url));
    }
    co_return *std::move(value);
}

}  // namespace baton::client
