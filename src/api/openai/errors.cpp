#include "api/openai/errors.h"

#include <algorithm>
#include <chrono>

#include <boost/json/object.hpp>

#include "base/text.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;

std::string_view type_of(int status) noexcept {
    switch (status) {
        case 401: return "authentication_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 429: return "rate_limit_error";
        default: return status < 500 ? "invalid_request_error" : "server_error";
    }
}

bool misses_previous(const Error& error) noexcept {
    return error.code == Errc::message_not_found && error.field == previous_field;
}

/// A detail may repeat a stranger's bytes.
std::string_view shown(std::string_view text) noexcept {
    return is_utf8(text) ? text : std::string_view("(not UTF-8)");
}

}  // namespace

int status_of(const Error& error) noexcept {
    if (error.code == Errc::provider_rejected || misses_previous(error)) return 400;
    return errc_info(error.code).http;
}

std::string error_object(const Error& error) {
    json::object object{{"message", shown(error.detail)}, {"type", type_of(status_of(error))},
        {"param", nullptr}, {"code", to_string(error.code)}};
    if (misses_previous(error)) object["code"] = "previous_response_not_found";
    if (!error.field.empty()) object["param"] = shown(error.field);
    return json_text(object);
}

net::Response error_response(const Error& error) {
    net::Response response;
    response.status = status_of(error);
    response.body = R"({"error":)" + error_object(error) + "}";
    response.fields.set("x-should-retry", is_retryable(error.code) ? "true" : "false");
    if (error.code == Errc::unauthenticated) response.fields.set("WWW-Authenticate", "Bearer");
    if (error.retry_after > std::chrono::milliseconds(0)) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(error.retry_after).count();
        response.fields.set("Retry-After", std::to_string(seconds));
        response.fields.set("retry-after-ms", std::to_string(error.retry_after.count()));
    }
    return response;
}

std::string error_event(const Error& error) {
    return R"(data: {"error":)" + error_object(error) + "}\n\n";
}

}  // namespace baton::api::openai
