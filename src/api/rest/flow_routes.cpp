// The flow of messages through a queue: post, pop, settle, look.
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include <boost/json/array.hpp>

#include "api/rest/call.h"
#include "api/rest/input.h"
#include "api/rest/output.h"
#include "api/rest/post_body.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

constexpr std::string_view durability_field = "Baton-Durability";

Result<queue::PostOptions> read_post_options(const net::Request& request) {
    queue::PostOptions options;
    const std::string_view text = request.fields.get(durability_field);
    if (text.empty()) return options;
    const auto durability = parse_durability(text);
    if (!durability) {
        return fail_field(Errc::invalid_argument, std::string(durability_field),
            "Baton-Durability is fsync, relaxed or memory");
    }
    options.durability = *durability;
    return options;
}

Task<Result<net::Response>> post_messages(Call& call) {
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(const auto options, read_post_options(call.request));
    BATON_CO_TRY(auto messages, read_post(call.request));
    auto posting = call.deps.queues.post(call.who, std::move(name), std::move(messages), options);
    const auto posted = co_await std::move(posting);
    if (!posted) co_return fail(posted.error());
    const std::string_view durability = to_string(posted->durability);
    std::string body = messages_json(posted->messages);
    body.back() = ',';
    body.append(R"("durability":")").append(durability).append("\"}");
    net::Response response = text_response(201, std::move(body));
    response.fields.add(std::string(durability_field), std::string(durability));
    co_return response;
}

Result<std::vector<std::string>> read_receipts(
    const Fields& fields, std::string_view name = "receipts") {
    BATON_TRY(const auto* array, fields.array(name));
    if (array == nullptr) return fields.fail_at(name, "`" + std::string(name) + "` is missing");
    std::vector<std::string> receipts;
    receipts.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto* text = (*array)[i].if_string();
        if (text == nullptr) {
            return fields.fail_at(element(name, i), "a receipt is a string");
        }
        receipts.emplace_back(*text);
    }
    return receipts;
}

json::object settled_object(std::string_view verb, const service::Settlement& settlement) {
    json::array errors;
    for (const auto& failure : settlement.failures) {
        json::object error;
        error["receipt"] = failure.receipt;
        error["code"] = to_string(failure.error.code);
        error["message"] = failure.error.detail;
        errors.push_back(std::move(error));
    }
    json::object body;
    body[verb] = settlement.settled;
    body["errors"] = std::move(errors);
    return body;
}

net::Response settled(std::string_view verb, const service::Settlement& settlement) {
    return json_response(200, settled_object(verb, settlement));
}

/// {"messages":[…],"acked":n,"errors":[…]}
std::string popped_json(const service::SettledAndPopped& both) {
    std::string body = messages_json(both.messages);
    body.back() = ',';
    body += std::string_view(json_text(settled_object("acked", both.acks))).substr(1);
    return body;
}

Result<service::PopOptions> read_pop_options(const Fields& fields) {
    service::PopOptions options;
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    BATON_TRY(const auto max, fields.integer("max", {.fallback = 1, .max = most}));
    options.max = static_cast<std::uint32_t>(max);
    BATON_TRY(options.lease, milliseconds(fields, "lease_ms", options.lease));
    BATON_TRY(options.wait, milliseconds(fields, "wait_ms", options.wait));
    if (fields.find("level") != nullptr) {
        BATON_TRY(const auto level, fields.text("level"));
        BATON_TRY(options.level, level_of("level", level));
    }
    return options;
}

struct PopInput {
    service::PopOptions options;
    std::optional<std::vector<std::string>> acks;
};

/// Apart from the handler, so that ten thousand waiting pops do not hold ten thousand JSON trees.
Result<PopInput> read_pop(const net::Request& request) {
    static constexpr std::array<std::string_view, 5> known{
        "max", "lease_ms", "wait_ms", "level", "ack"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    PopInput input;
    BATON_TRY(input.options, read_pop_options(fields));
    if (fields.find("ack") != nullptr) {
        BATON_TRY(input.acks, read_receipts(fields, "ack"));
    }
    return input;
}

Task<Result<net::Response>> pop_messages(Call& call) {
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(auto input, read_pop(call.request));
    if (input.acks) {
        auto both = call.deps.queues.ack_and_pop(
            call.who, std::move(name), *std::move(input.acks), input.options);
        const auto popped = co_await std::move(both);
        if (!popped) co_return fail(renamed(popped.error(), "receipts", "ack"));
        co_return text_response(200, popped_json(*popped));
    }
    auto popping = call.deps.queues.pop(call.who, std::move(name), input.options);
    const auto leased = co_await std::move(popping);
    if (!leased) co_return fail(leased.error());
    co_return text_response(200, messages_json(*leased));
}

Task<Result<net::Response>> ack_messages(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"receipts"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(auto receipts, read_receipts(fields));
    BATON_CO_TRY(const auto settlement,
        co_await call.deps.queues.ack(call.who, std::move(name), std::move(receipts)));
    co_return settled("acked", settlement);
}

Task<Result<net::Response>> nack_messages(Call& call) {
    static constexpr std::array<std::string_view, 3> known{"receipts", "delay_ms", "reason"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(auto receipts, read_receipts(fields));
    service::NackOptions options;
    BATON_CO_TRY(options.delay, milliseconds(fields, "delay_ms", options.delay));
    BATON_CO_TRY(options.reason, fields.text("reason"));
    BATON_CO_TRY(const auto settlement, co_await call.deps.queues.nack(call.who, std::move(name),
                                            std::move(receipts), std::move(options)));
    co_return settled("nacked", settlement);
}

Task<Result<net::Response>> extend_leases(Call& call) {
    static constexpr std::array<std::string_view, 2> known{"receipts", "lease_ms"};
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(auto name, queue_of(call));
    JsonBody body;
    BATON_CO_TRY(const auto fields, body.parse(call.request, known));
    BATON_CO_TRY(auto receipts, read_receipts(fields));
    const service::PopOptions defaults;
    BATON_CO_TRY(const auto lease, milliseconds(fields, "lease_ms", defaults.lease));
    BATON_CO_TRY(const auto settlement,
        co_await call.deps.queues.extend(call.who, std::move(name), std::move(receipts), lease));
    co_return settled("extended", settlement);
}

Result<service::PeekOptions> read_peek(const net::Request& request) {
    static constexpr std::array<std::string_view, 3> known{"state", "limit", "after"};
    BATON_TRY_VOID(check_query(request, known));
    service::PeekOptions options;
    BATON_TRY(options.limit, query_count(request, "limit", options.limit));
    BATON_TRY(options.after_seq, query_number(request, "after", 0));
    if (const auto text = request.query_value("state")) {
        auto state = parse_message_state(*text);
        if (state && (*state == MessageState::done || *state == MessageState::cancelled ||
                         *state == MessageState::expired)) {
            state = fail(
                Errc::invalid_argument, "a queue holds only scheduled, ready, leased and dead");
        }
        if (!state) return fail_field(Errc::invalid_argument, "state", state.error().detail);
        options.state = *state;
    }
    return options;
}

Task<Result<net::Response>> peek_messages(Call& call) {
    BATON_CO_TRY(auto name, queue_of(call));
    BATON_CO_TRY(const auto options, read_peek(call.request));
    BATON_CO_TRY(
        const auto page, co_await call.deps.queues.peek(call.who, std::move(name), options));
    std::string body = messages_json(page.messages);
    body.back() = ',';
    body += page.next ? "\"next\":\"" + std::to_string(*page.next) + "\"}" : "\"next\":null}";
    co_return text_response(200, std::move(body));
}

constexpr std::array<Route, 6> table{{
    {{Method::post, "/v1/queues/{queue}/messages", Auth::member}, post_messages},
    {{Method::get, "/v1/queues/{queue}/messages", Auth::member}, peek_messages},
    {{Method::post, "/v1/queues/{queue}/pop", Auth::member}, pop_messages},
    {{Method::post, "/v1/queues/{queue}/ack", Auth::member}, ack_messages},
    {{Method::post, "/v1/queues/{queue}/nack", Auth::member}, nack_messages},
    {{Method::post, "/v1/queues/{queue}/extend", Auth::member}, extend_leases},
}};

}  // namespace

std::span<const Route> flow_routes() { return table; }

}  // namespace baton::api::rest
