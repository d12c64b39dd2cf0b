// /v1/chat/completions
#include <charconv>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "api/openai/chat_encoder.h"
#include "api/openai/errors.h"
#include "api/openai/live_stream.h"
#include "api/openai/routes.h"
#include "model/chat_json.h"
#include "model/json_fields.h"

namespace baton::api::openai {
namespace {

namespace json = boost::json;
using net::Method;

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator&&;  // NOLINT(misc-unused-using-decls)

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
    BATON_TRY_VOID(read_fields(request, call.order));
    return call;
}

// Durable: the chat is a message, and any number of clients may follow it.

/// Writes the answer of a stored chat while it comes, from behind the event the client has seen.
Task<void> follow(const DoorState& state, service::ChatReader reader, ChunkEncoder encoder,
    net::BodyStream& body) {
    std::string text = ":\n\n";  // the head goes now: the chat is stored, and may wait for long
    while (true) {
        const bool sent = text.empty() || co_await body.write(std::exchange(text, {}));
        if (!sent) co_return;  // the chat goes on; its answer is kept
        auto progress = co_await reader.next(state.config.heartbeat);
        if (!progress) {
            const bool told = co_await body.write(error_event(progress.error()));
            static_cast<void>(told);
            co_return;
        }
        for (const auto& piece : progress->pieces) {
            text += encoder.chunk(piece.delta, fmt::format("{}.{}", piece.offset, piece.index));
        }
        if (progress->result) {
            const bool told = co_await body.write(text + encoder.end(*progress->result));
            static_cast<void>(told);
            co_return;
        }
        if (progress->pieces.empty()) text = ":\n\n";
        if (body.stopping()) {
            const Error error{.code = Errc::shutting_down,
                .detail = "the server stops; the chat goes on, follow it by its id"};
            const bool told = co_await body.write(error_event(error));
            static_cast<void>(told);
            co_return;
        }
    }
}

/// Behind which piece a reader goes on.
struct Place {
    std::uint64_t from = 0;  ///< the first event that is not whole told
    std::uint32_t skip = 0;  ///< pieces of it that were
};

net::Response follow_response(
    const SharedState& state, MessageId id, ChunkEncoder encoder, Place place) {
    net::Response response = event_stream();
    response.stream = [state, id, encoder = std::move(encoder), place](net::BodyStream& body) {
        return follow(*state, state->chats.follow(id, place.from, place.skip), encoder, body);
    };
    return response;
}

/// White space in front of a JSON text means nothing, and keeps the connection.
Task<void> write_late(const DoorState& state, const access::Identity& who, MessageId id,
    ChatHead head, net::BodyStream& body) {
    while (true) {
        const bool sent = co_await body.write(" ");
        if (!sent) co_return;
        const auto result =
            co_await state.chats.wait(who, id, Deadline::after(state.config.heartbeat));
        // The status has been said: an answer that is not whole tells the client to ask again.
        if (!result) throw std::runtime_error(to_string(result.error()));
        if (!*result) continue;
        const bool told = co_await body.write(chat_completion(head, **result));
        static_cast<void>(told);
        co_return;
    }
}

Task<Result<net::Response>> answer_durable(const SharedState& state, Call& call, ChatCall chat) {
    ChatHead head{.model = chat.order.request.model};
    BATON_CO_TRY(
        const auto accepted, co_await state->chats.submit(call.who, std::move(chat.order)));
    head.id = public_id(chat_prefix, accepted.id);
    head.created = accepted.at;
    net::Response response;
    if (chat.stream) {
        response = follow_response(
            state, accepted.id, ChunkEncoder(std::move(head), chat.include_usage), {});
    } else {
        const Deadline deadline = Deadline::after(state->config.patience);
        BATON_CO_TRY(
            const auto result, co_await state->chats.wait(call.who, accepted.id, deadline));
        if (result) {
            response = json_answer(200, chat_completion(head, *result));
        } else {
            response.stream = [state, who = call.who, id = accepted.id, head = std::move(head)](
                                  net::BodyStream& body) {
                return write_late(*state, who, id, head, body);
            };
        }
    }
    name_message(response, accepted);
    co_return response;
}

// Passed through: the client's connection is all there is of the chat.

/// Returns rather than throws but for cancellation, so that the writer always has an end.
Task<void> run_chat(const DoorState& state, const access::Identity& who, service::ChatOrder order,
    ChunkEncoder& encoder, LiveText& text) {
    llm::ChatSink sink = [&](const ChatDelta& delta) { text.add(encoder.chunk(delta)); };
    const auto result = co_await state.chats.pass_through(
        who, std::move(order), std::move(sink), Deadline::after(state.config.timeout));
    if (result) {
        text.add(encoder.end(*result));
        text.end({});
    } else {
        text.end(result.error());
    }
}

Task<void> stream_through(const DoorState& state, const access::Identity& who,
    service::ChatOrder order, ChunkEncoder encoder, net::BodyStream& body) {
    LiveText text(co_await asio::this_coro::executor);
    co_await (run_chat(state, who, std::move(order), encoder, text) &&
              text.write_to(body, state.config.heartbeat));
}

Task<Result<net::Response>> answer_at_once(const SharedState& state, Call& call, ChatCall chat) {
    ChatHead head{.id = random_id(chat_prefix),
        .model = chat.order.request.model,
        .created = state->chats.clock().now()};
    if (chat.stream) {
        net::Response response = event_stream();
        response.stream = [state, who = call.who, order = std::move(chat.order),
                              encoder = ChunkEncoder(std::move(head), chat.include_usage)](
                              net::BodyStream& body) mutable {
            return stream_through(*state, who, std::move(order), std::move(encoder), body);
        };
        co_return response;
    }
    auto asking = state->chats.pass_through(
        call.who, std::move(chat.order), {}, Deadline::after(state->config.timeout));
    BATON_CO_TRY(const auto result, co_await std::move(asking));
    co_return json_answer(200, chat_completion(head, result));
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
        co_return follow_response(state, id, ChunkEncoder(std::move(head), usage), place);
    }
    BATON_CO_TRY(
        const auto result, co_await state->chats.wait(call.who, id, Deadline::after(Duration(0))));
    if (result) {
        if (head.model.empty()) head.model = result->model;
        co_return json_answer(200, chat_completion(head, *result));
    }
    co_return json_answer(
        202, json::serialize(json::object{{"id", head.id}, {"object", "chat.completion"},
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
