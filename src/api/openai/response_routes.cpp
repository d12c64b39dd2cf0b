// /v1/responses
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "api/openai/answer_stream.h"
#include "api/openai/errors.h"
#include "api/openai/response_encoder.h"
#include "api/openai/response_request.h"
#include "api/openai/routes.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;
using net::Method;

net::Response object_answer(const json::object& object) {
    return json_answer(200, json_text(object));
}

/// An echo as it was kept; empty when there is none.
json::object echo_object(const std::string& text) {
    const auto value = text.empty() ? Result<json::value>(json::value()) : parse_json(text);
    return value && value->is_object() ? value->get_object() : json::object();
}

constexpr std::string_view way_back = "the response goes on, come back with starting_after";

AnswerText text_of(ResponseHead head) {
    return [head = std::move(head)](
               const ChatResult& result) { return json_text(response_object(head, result)); };
}

Task<Result<net::Response>> answer_durable(const SharedState& state, Call& call,
    service::ChatOrder order, ResponseHead head, bool stream) {
    BATON_CO_TRY(const auto accepted, co_await state->chats.submit(call.who, std::move(order)));
    head.id = public_id(response_prefix, accepted.id);
    head.created = accepted.at;
    net::Response response;
    if (stream) {
        response = follow_response(
            state, accepted.id, {}, std::make_shared<ResponseEvents>(std::move(head)), way_back);
    } else if (head.background) {
        response = object_answer(response_object(head, ResponseStatus::queued));
    } else {
        auto waiting = answer_in_time(state, call.who, accepted.id, text_of(std::move(head)));
        BATON_CO_TRY(response, co_await std::move(waiting));
    }
    name_message(response, accepted);
    co_return response;
}

Task<Result<net::Response>> answer_at_once(const SharedState& state, Call& call,
    service::ChatOrder order, ResponseHead head, bool stream) {
    head.id = random_id(response_prefix);
    head.created = state->chats.clock().now();
    head.echo["store"] = false;
    if (stream) {
        co_return stream_through(
            state, call.who, std::move(order), std::make_shared<ResponseEvents>(std::move(head)));
    }
    auto asking = answer_through(state, call.who, std::move(order), text_of(std::move(head)));
    auto answer = co_await std::move(asking);
    co_return answer;
}

/// What the response goes on from. Fails: not_found when there is nothing kept under the id.
Task<Result<std::vector<ChatMessage>>> messages_before(
    const SharedState& state, const Call& call, const json::value& body) {
    std::vector<ChatMessage> none;
    BATON_CO_TRY(const auto fields, Fields::of(body, {}, Errc::invalid_argument));
    BATON_CO_TRY(const std::string_view previous, fields.text("previous_response_id"));
    if (previous.empty()) co_return none;
    Result<service::ChatContext> context = fail(Errc::message_not_found, "");
    if (const auto id = message_of(response_prefix, previous)) {
        context = co_await state->chats.context(call.who, *id);
    }
    if (!context) {
        Error error = std::move(context).error();
        error.field = previous_field;
        const bool is_lost = error.code == Errc::message_not_found;
        if (is_lost)
            error.detail = fmt::format("nothing to go on from is kept under `{}`", previous);
        if (!is_lost) {
            error = with_context(std::move(error), fmt::format("going on from `{}`", previous));
        }
        co_return fail(std::move(error));
    }
    co_return without_instructions(std::move(context->messages), echo_object(context->echo));
}

Task<Result<net::Response>> create_response(const SharedState& state, Call& call) {
    BATON_CO_TRY(const auto body, json_body(call.request));
    BATON_CO_TRY(const Mode mode, mode_of(call, state->config));
    service::ChatOrder order;
    BATON_CO_TRY(order.priority, level_of(call.request, body));
    BATON_CO_TRY(const auto before, co_await messages_before(state, call, body));
    BATON_CO_TRY(auto request, response_request_from_json(body, before));
    if (request.background && mode == Mode::pass_through) {
        co_return fail_field(Errc::invalid_argument, "background",
            "what runs in the background is stored: it cannot be passed through");
    }
    ResponseHead head{.model = request.chat.model,
        .background = request.background,
        .echo = std::move(request.echo)};
    const std::string model = head.model;
    order.echo = json_text(head.echo);
    order.keeps_context = request.store;
    order.request = std::move(request.chat);
    order.metadata = std::move(request.metadata);
    BATON_CO_TRY_VOID(read_order(call.request, body, order));
    auto answering =
        mode == Mode::durable
            ? answer_durable(state, call, std::move(order), std::move(head), request.stream)
            : answer_at_once(state, call, std::move(order), std::move(head), request.stream);
    auto response = co_await std::move(answering);
    co_return with_limits(*state, call.who, model, std::move(response));
}

Result<std::int64_t> starting_after(const net::Request& request) {
    const auto text = request.query_value("starting_after");
    if (!text) return -1;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size() || number < 0) {
        return fail_field(
            Errc::invalid_argument, "starting_after", "must be the sequence number of an event");
    }
    return number;
}

ResponseHead head_of(const Call& call, service::StoredChat stored) {
    ResponseHead head{.id = std::string(call.params[0]),
        .model = std::move(stored.model),
        .created = stored.at,
        .echo = echo_object(stored.echo)};
    // It decides which events there are.
    const auto* background = head.echo.if_contains("background");
    head.background = background != nullptr && *background == json::value(true);
    return head;
}

/// The response as it stands.
Task<Result<json::object>> stored_object(
    const SharedState& state, const Call& call, MessageId id, service::StoredChat stored) {
    const auto state_now = stored.state;
    const ResponseHead head = head_of(call, std::move(stored));
    const auto result = co_await state->chats.wait(call.who, id, Deadline::after(Duration(0)));
    // A response that failed is there, and says so.
    if (!result && result.error().code != Errc::message_not_found) {
        co_return response_object(head, result.error());
    }
    if (!result) co_return fail(result.error());
    if (*result) co_return response_object(head, **result);
    co_return response_object(head,
        state_now == MessageState::leased ? ResponseStatus::in_progress : ResponseStatus::queued);
}

Task<Result<net::Response>> get_response(const SharedState& state, Call& call) {
    BATON_CO_TRY(const auto id, message_of(response_prefix, call.params[0]));
    BATON_CO_TRY(const auto seen, starting_after(call.request));
    BATON_CO_TRY(auto stored, co_await state->chats.find(call.who, id));
    if (call.request.query_value("stream") == "true") {
        auto events = std::make_shared<ResponseEvents>(head_of(call, std::move(stored)), seen);
        co_return follow_response(state, id, {}, std::move(events), way_back);
    }
    BATON_CO_TRY(const auto object, co_await stored_object(state, call, id, std::move(stored)));
    co_return object_answer(object);
}

Task<Result<net::Response>> cancel_response(const SharedState& state, Call& call) {
    BATON_CO_TRY(const auto id, message_of(response_prefix, call.params[0]));
    BATON_CO_TRY(const auto before, co_await state->chats.find(call.who, id));
    const bool over = before.state == MessageState::done || before.state == MessageState::dead;
    if (!over) {
        BATON_CO_TRY_VOID(co_await state->chats.cancel(call.who, id));
    }
    BATON_CO_TRY(auto stored, co_await state->chats.find(call.who, id));
    BATON_CO_TRY(const auto object, co_await stored_object(state, call, id, std::move(stored)));
    co_return object_answer(object);
}

}  // namespace

std::vector<Door::Route> response_routes(const SharedState& state) {
    return {
        {{Method::post, "/v1/responses", Auth::member},
            [state](Call& call) { return create_response(state, call); }},
        {{Method::get, "/v1/responses/{id}", Auth::member},
            [state](Call& call) { return get_response(state, call); }},
        {{Method::post, "/v1/responses/{id}/cancel", Auth::member},
            [state](Call& call) { return cancel_response(state, call); }},
    };
}

}  // namespace baton::api::openai
