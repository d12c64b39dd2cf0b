// /v1/chat/completions
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include <boost/json/object.hpp>

#include "api/openai/answer_stream.h"
#include "api/openai/chat_encoder.h"
#include "api/openai/routes.h"
#include "model/chat_json.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;
using net::Method;

struct ChatCall {
    service::ChatOrder order{};
    Mode mode = Mode::durable;
    bool stream = false;
    bool include_usage = false;
};

Result<ChatCall> read_call(const Call& from, const OpenAiConfig& config) {
    const net::Request& request = from.request;
    BATON_TRY(const auto body, json_body(request));
    ChatCall call;
    BATON_TRY(call.mode, mode_of(from, config));
    BATON_TRY(call.order.priority, level_of(request, body));
    BATON_TRY(call.stream, flag_of(body, "stream"));
    BATON_TRY(const auto fields, Fields::of(body, {}, Errc::invalid_argument));
    BATON_TRY(const auto* options, fields.object("stream_options"));
    if (options != nullptr) {
        const auto usage = flag_of(json::value(*options), "include_usage");
        if (!usage) return fail(inside("stream_options", usage.error()));
        call.include_usage = *usage;
    }
    BATON_TRY(call.order.request, chat_request_from_json(body));
    BATON_TRY_VOID(read_order(request, body, call.order));
    return call;
}

constexpr std::string_view way_back = "the chat goes on, follow it by its id";

AnswerText text_of(ChatHead head) {
    return [head = std::move(head)](
               const ChatResult& result) { return chat_completion(head, result); };
}

std::shared_ptr<AnswerEvents> events_of(ChatHead head, bool include_usage) {
    return std::make_shared<ChunkEncoder>(std::move(head), include_usage);
}

/// The chat is a message, and any number of clients may follow it.
Task<Result<net::Response>> answer_durable(const SharedState& state, Call& call, ChatCall chat) {
    ChatHead head{.model = chat.order.request.model};
    BATON_CO_TRY(
        const auto accepted, co_await state->chats.submit(call.who, std::move(chat.order)));
    head.id = public_id(chat_prefix, accepted.id);
    head.created = accepted.at;
    net::Response response;
    if (chat.stream) {
        response = follow_response(
            state, accepted.id, {}, events_of(std::move(head), chat.include_usage), way_back);
    } else {
        auto waiting = answer_in_time(state, call.who, accepted.id, text_of(std::move(head)));
        BATON_CO_TRY(response, co_await std::move(waiting));
    }
    name_message(response, accepted);
    co_return response;
}

/// The client's connection is all there is of the chat.
Task<Result<net::Response>> answer_at_once(const SharedState& state, Call& call, ChatCall chat) {
    ChatHead head{.id = random_id(chat_prefix),
        .model = chat.order.request.model,
        .created = state->chats.clock().now()};
    if (chat.stream) {
        co_return stream_through(
            state, call.who, std::move(chat.order), events_of(std::move(head), chat.include_usage));
    }
    auto asking = answer_through(state, call.who, std::move(chat.order), text_of(std::move(head)));
    auto answer = co_await std::move(asking);
    co_return answer;
}

Task<Result<net::Response>> create_chat(const SharedState& state, Call& call) {
    BATON_CO_TRY(auto chat, read_call(call, state->config));
    const std::string model = chat.order.request.model;
    auto answering = chat.mode == Mode::durable ? answer_durable(state, call, std::move(chat))
                                                : answer_at_once(state, call, std::move(chat));
    auto response = co_await std::move(answering);
    co_return with_limits(*state, call.who, model, std::move(response));
}

// A stored chat, again.

/// "5.1": the second piece of the event at 5 was the last one.
Result<Place> place_of(const net::Request& request) {
    const std::string_view last = request.fields.get("Last-Event-ID");
    if (last.empty()) return Place();
    Place place;
    const char* const end = last.data() + last.size();
    const auto event = std::from_chars(last.data(), end, place.from);
    const bool has_piece = event.ec == std::errc() && event.ptr != end && *event.ptr == '.';
    const auto piece = has_piece ? std::from_chars(event.ptr + 1, end, place.skip) : event;
    if (!has_piece || piece.ec != std::errc() || piece.ptr != end ||
        place.skip == std::numeric_limits<std::uint32_t>::max()) {
        return fail_field(
            Errc::invalid_argument, "Last-Event-ID", "must be the id of an event, as `5.0`");
    }
    ++place.skip;
    return place;
}

std::string_view status_text(MessageState state) noexcept {
    return state == MessageState::leased ? "in_progress" : "queued";
}

Task<Result<net::Response>> get_chat(const SharedState& state, Call& call) {
    BATON_CO_TRY(const auto id, message_of(chat_prefix, call.params[0]));
    BATON_CO_TRY(const auto place, place_of(call.request));
    BATON_CO_TRY(const auto stored, co_await state->chats.find(call.who, id));
    ChatHead head{.id = std::string(call.params[0]), .model = stored.model, .created = stored.at};
    if (call.request.query_value("stream") == "true") {
        const bool usage = call.request.query_value("include_usage") == "true";
        co_return follow_response(state, id, place, events_of(std::move(head), usage), way_back);
    }
    BATON_CO_TRY(
        const auto result, co_await state->chats.wait(call.who, id, Deadline::after(Duration(0))));
    if (result) {
        if (head.model.empty()) head.model = result->model;
        co_return json_answer(200, chat_completion(head, *result));
    }
    co_return json_answer(
        202, json_text(json::object{{"id", head.id}, {"object", "chat.completion"},
                 {"created", unix_seconds(head.created)}, {"model", head.model},
                 {"status", status_text(stored.state)}}));
}

}  // namespace

std::vector<Door::Route> chat_routes(const SharedState& state) {
    return {
        {{Method::post, "/v1/chat/completions", Auth::member},
            [state](Call& call) { return create_chat(state, call); }},
        {{Method::get, "/v1/chat/completions/{id}", Auth::member},
            [state](Call& call) { return get_chat(state, call); }},
    };
}

}  // namespace baton::api::openai
