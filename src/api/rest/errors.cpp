#include "api/rest/errors.h"

#include <array>
#include <string>
#include <utility>

#include <boost/json/object.hpp>

#include "api/rest/rest_api.h"
#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;

constexpr std::string_view envelope_prefix = "/api/v1/";

// `status` is that of the commonest error of the number; where several have it, the answer's own
// status counts.
constexpr std::array codes{
    EnvelopeCode{1001, 400, "the content is empty"},
    EnvelopeCode{1002, 413, "the content is too long"},
    EnvelopeCode{1003, 400, "no such priority"},
    EnvelopeCode{1004, 404, "no such message"},
    EnvelopeCode{1005, 404, "no such conversation"},
    EnvelopeCode{1006, 400, "no user id"},
    EnvelopeCode{1007, 503, "the queue is full"},
    EnvelopeCode{1008, 503, "the service starts, stops or is under maintenance"},
    EnvelopeCode{1009, 429, "too many requests"},
    EnvelopeCode{1010, 408, "it took too long"},
    EnvelopeCode{1011, 422, "the idempotency key is of another request"},
    EnvelopeCode{1012, 409, "the first request with this idempotency key is under way"},
    EnvelopeCode{2001, 503, "the database failed, or is away"},
    EnvelopeCode{2002, 503, "Redis, which remembers idempotency keys, failed"},
    EnvelopeCode{2003, 404, "the queue is not there, is paused, or its servers are away"},
    EnvelopeCode{2004, 422, "the scheduler ended the run"},
    EnvelopeCode{2005, 400, "a configuration is wrong"},
    EnvelopeCode{2006, 503, "too much work is waiting in memory"},
    EnvelopeCode{2007, 507, "the disk, or what one may use of it, is full"},
    EnvelopeCode{2008, 502, "the network failed"},
};

/// A detail may repeat a stranger's bytes; what goes out is UTF-8 whatever came in.
std::string_view shown(std::string_view text) noexcept {
    return is_utf8(text) ? text : std::string_view("(not UTF-8)");
}

void add_fields(const Error& error, net::Response& response) {
    if (error.code == Errc::unauthenticated) response.fields.set("WWW-Authenticate", "Bearer");
    if (error.retry_after > std::chrono::milliseconds(0)) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after).count();
        response.fields.set("Retry-After", std::to_string(seconds));
    }
}

/// What kind of error, in the words of /api/v1.
std::string_view kind_of(int status) noexcept {
    switch (status) {
        case 400:
        case 413:
        case 415:
        case 431: return "validation failed";
        case 401: return "unauthorized";
        case 403: return "forbidden";
        case 404: return "not found";
        case 405: return "method not allowed";
        case 408:
        case 504: return "timeout";
        case 409: return "conflict";
        case 422: return "rejected";
        case 429: return "too many requests";
        case 499: return "cancelled";
        case 501: return "not supported";
        case 502: return "bad gateway";
        case 503: return "service unavailable";
        case 507: return "insufficient storage";
        default: return "internal error";
    }
}

}  // namespace

bool uses_envelope(std::string_view path) noexcept { return path.starts_with(envelope_prefix); }

net::Response error_response(const Error& error) {
    net::Response response;
    response.status = errc_info(error.code).http;
    response.body = R"({"error":)";
    append_json(response.body, error);
    response.body += '}';
    add_fields(error, response);
    return response;
}

net::Response refused_request_response(const Error& error, std::string_view target) {
    return uses_envelope(target) ? envelope_error_response(error, SystemClock().now())
                                 : error_response(error);
}

std::span<const EnvelopeCode> envelope_codes() noexcept { return codes; }

int envelope_error_code(const Error& error) noexcept {
    const bool is_bad_value = error.code == Errc::invalid_argument;
    if (error.field == "content" && error.code == Errc::invalid_message) return 1001;
    if (error.field == "priority" && is_bad_value) return 1003;
    if (error.field == "user_id" && is_bad_value) return 1006;
    if (error.field == "Idempotency-Key") {
        if (error.code == Errc::already_exists) return 1011;
        if (error.code == Errc::conflict) return 1012;
        if (error.code == Errc::unavailable) return 2002;
    }
    switch (error.code) {
        case Errc::message_too_large:
        case Errc::payload_too_large: return 1002;
        case Errc::message_not_found: return 1004;
        case Errc::conversation_not_found: return 1005;
        case Errc::queue_full: return 1007;
        case Errc::unavailable:
        case Errc::shutting_down: return 1008;
        case Errc::rate_limited:
        case Errc::provider_rate_limited: return 1009;
        case Errc::deadline_exceeded:
        case Errc::request_timeout: return 1010;
        case Errc::database_unavailable:
        case Errc::storage_io:
        case Errc::storage_corrupt: return 2001;
        case Errc::queue_unavailable:
        case Errc::queue_paused:
        case Errc::queue_not_found: return 2003;
        case Errc::run_limit_exceeded:
        case Errc::run_waiting: return 2004;
        case Errc::invalid_config: return 2005;
        case Errc::overloaded: return 2006;
        case Errc::storage_full:
        case Errc::quota_exceeded: return 2007;
        case Errc::connection_failed:
        case Errc::provider_unavailable: return 2008;
        default: return 0;
    }
}

net::Response envelope_error_response(const Error& error, TimePoint now) {
    int status = errc_info(error.code).http;
    const int number = envelope_error_code(error);
    if (error.code == Errc::deadline_exceeded) status = 408;  // the documented status of 1010
    if (number == 1011) status = 422;                         // as those say who have such keys
    json::object details;
    if (!error.field.empty()) details["field"] = shown(error.field);
    details["reason"] = shown(error.detail);
    if (number != 0) details["error_code"] = number;
    if (error.retry_after > std::chrono::milliseconds(0)) {
        details["retry_after_ms"] = error.retry_after.count();
    }
    json::object whole;
    whole["code"] = status;
    whole["message"] = shown(error.detail);
    whole["error"] = kind_of(status);
    whole["details"] = std::move(details);
    whole["timestamp"] = to_rfc3339(now);

    net::Response response;
    response.status = status;
    response.body = json_text(whole);
    add_fields(error, response);
    return response;
}

}  // namespace baton::api::rest
