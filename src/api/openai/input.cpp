// What requests of this door bring, as typed values.
#include <array>
#include <cstdlib>
#include <unistd.h>
#include <utility>

#include <fmt/core.h>

#include "api/openai/routes.h"
#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;

}  // namespace

Result<json::value> json_body(const net::Request& request) {
    std::string_view type = request.fields.get("Content-Type");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    // The last one is what `curl -d` says by itself.
    if (!type.empty() && !same_ignoring_case(type, "application/json") &&
        !same_ignoring_case(type, "application/x-www-form-urlencoded")) {
        return fail(Errc::unsupported_media_type, "the body must be application/json");
    }
    BATON_TRY(auto body, parse_json(request.body));
    if (!body.is_object()) {
        return fail(Errc::invalid_argument,
            fmt::format("the body must be an object, not {}", kind_name(body)));
    }
    return body;
}

Result<Mode> mode_of(const Call& call, const OpenAiConfig& config) {
    const std::string_view text = call.request.fields.get("Baton-Mode");
    if (text.empty()) return call.who.chat_mode.value_or(config.mode);
    const auto mode = access::parse_chat_mode(text);
    if (mode) return *mode;
    return fail_field(
        Errc::invalid_argument, "Baton-Mode", "Baton-Mode is `durable` or `pass-through`");
}

Result<std::optional<Level>> level_of(const net::Request& request, const json::value& body) {
    if (const std::string_view text = request.fields.get("Baton-Priority"); !text.empty()) {
        auto level = parse_level(text);
        if (!level) {
            return fail_field(Errc::invalid_argument, "Baton-Priority", level.error().detail);
        }
        return *level;
    }
    const auto* tier = body.get_object().if_contains("service_tier");
    if (tier == nullptr || !tier->is_string()) return std::nullopt;
    if (tier->get_string() == "priority" || tier->get_string() == "fast") return Level::high;
    if (tier->get_string() == "flex") return Level::low;
    return std::nullopt;
}

Result<void> read_order(
    const net::Request& request, const json::value& body, service::ChatOrder& order) {
    for (const std::string_view name : {"safety_identifier", "user"}) {  // the last one wins
        const auto* user = body.get_object().if_contains(name);
        if (user == nullptr || !user->is_string() || user->get_string().empty()) continue;
        order.user = UserId(std::string(user->get_string()));
    }
    order.session = request.fields.get("Baton-Session");
    order.idempotency_key = request.fields.get("Idempotency-Key");
    const std::string_view coalesce = request.fields.get("Baton-Coalesce");
    if (!coalesce.empty() && coalesce != "true" && coalesce != "false") {
        return fail_field(
            Errc::invalid_argument, "Baton-Coalesce", "Baton-Coalesce is `true` or `false`");
    }
    order.coalesce = coalesce == "true";
    return {};
}

Result<bool> flag_of(const json::value& body, std::string_view name) {
    BATON_TRY(const auto fields, Fields::of(body, {}, Errc::invalid_argument));
    return fields.boolean(name, false);
}

std::string public_id(std::string_view prefix, MessageId id) {
    return std::string(prefix) + id.text();
}

std::string random_id(std::string_view prefix) {
    std::array<unsigned char, 16> bits{};
    if (::getentropy(bits.data(), bits.size()) != 0) std::abort();  // cannot fail for 16 bytes
    std::string text(prefix);
    constexpr std::string_view digits = "0123456789abcdef";
    for (const unsigned char byte : bits) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

Result<MessageId> message_of(std::string_view prefix, std::string_view id) {
    if (id.starts_with(prefix)) {
        const auto message = MessageId::parse(id.substr(prefix.size()));
        if (message) return *message;
    }
    return fail(Errc::message_not_found, "nothing is stored under this id");
}

void name_message(net::Response& response, const service::AcceptedChat& accepted) {
    response.fields.set("Baton-Message-Id", accepted.id.text());
    if (accepted.duplicate) response.fields.set("Baton-Duplicate", "true");
}

net::Response json_answer(int status, std::string body) {
    net::Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

net::Response event_stream() {
    net::Response response;
    response.content_type = "text/event-stream; charset=utf-8";
    response.fields.set("Cache-Control", "no-store");
    response.fields.set("X-Accel-Buffering", "no");  // nginx would hold the pieces back
    return response;
}

}  // namespace baton::api::openai
