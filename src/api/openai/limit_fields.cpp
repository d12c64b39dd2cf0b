// What is left of the asker's limits, in the fields that OpenAI's clients read.
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "api/openai/errors.h"
#include "api/openai/routes.h"

namespace baton::api::openai {
namespace {

/// `12ms`, `1s`, `6m0s`; from a second on in whole ones, rounded up.
std::string span_text(Duration span) {
    using std::chrono::seconds;
    if (span > Duration(0) && span < seconds(1)) return fmt::format("{}ms", span.count());
    const auto all = std::chrono::ceil<seconds>(span).count();
    return all < 60 ? fmt::format("{}s", all) : fmt::format("{}m{}s", all / 60, all % 60);
}

void add_room(net::Response& response, std::string_view kind, const llm::Room& room) {
    if (room.limit == 0) return;
    const auto set = [&](std::string_view what, std::string value) {
        response.fields.set(fmt::format("x-ratelimit-{}-{}", what, kind), std::move(value));
    };
    set("limit", std::to_string(room.limit));
    set("remaining", std::to_string(room.left));
    set("reset", span_text(room.full_in));
}

}  // namespace

Result<net::Response> with_limits(const DoorState& state, const access::Identity& who,
    std::string_view model, Result<net::Response> result) {
    constexpr int too_many_requests = 429;
    if (!result && status_of(result.error()) != too_many_requests) return result;
    net::Response response = result ? *std::move(result) : error_response(result.error());
    const auto rooms = state.chats.rooms(who, model);
    add_room(response, "requests", rooms.requests);
    add_room(response, "tokens", rooms.tokens);
    return response;
}

}  // namespace baton::api::openai
