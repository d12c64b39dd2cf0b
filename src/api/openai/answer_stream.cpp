#include "api/openai/answer_stream.h"

#include <stdexcept>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

#include "api/openai/errors.h"
#include "api/openai/live_stream.h"

namespace baton::api::openai {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator&&;  // NOLINT(misc-unused-using-decls)

constexpr std::string_view comment = ":\n\n";

Task<void> write_last(net::BodyStream& body, std::string text) {
    const bool told = co_await body.write(std::move(text));
    static_cast<void>(told);
}

Task<void> follow(const DoorState& state, service::ChatReader reader, AnswerEvents& events,
    std::string_view way_back, net::BodyStream& body) {
    std::string text = events.begin();
    if (text.empty()) text = comment;  // the head goes now: the chat may wait for long
    while (true) {
        const bool sent = text.empty() || co_await body.write(std::exchange(text, {}));
        if (!sent) co_return;
        auto progress = co_await reader.next(state.config.heartbeat);
        if (!progress) {
            const bool stops = progress.error().code == Errc::shutting_down;
            auto last = stops ? error_event(progress.error()) : events.fail(progress.error());
            co_await write_last(body, std::move(last));
            co_return;
        }
        for (const auto& piece : progress->pieces) {
            text += events.take(piece.delta, fmt::format("{}.{}", piece.offset, piece.index));
        }
        if (progress->result) {
            co_await write_last(body, text + events.end(*progress->result));
            co_return;
        }
        if (progress->pieces.empty()) text = comment;
        if (body.stopping()) {
            const Error error{.code = Errc::shutting_down,
                .detail = "the server stops; " + std::string(way_back)};
            co_await write_last(body, text + error_event(error));
            co_return;
        }
    }
}

Task<void> write_late(const DoorState& state, const access::Identity& who, MessageId id,
    const AnswerText& text, net::BodyStream& body) {
    while (true) {
        const bool sent = co_await body.write(" ");
        if (!sent) co_return;
        const auto result =
            co_await state.chats.wait(who, id, Deadline::after(state.config.heartbeat));
        // The status has been said: an answer that is not whole tells the client to ask again.
        if (!result) throw std::runtime_error(to_string(result.error()));
        if (!*result) continue;
        co_await write_last(body, text(**result));
        co_return;
        if (*result) co_await write_last(body, text(**result));
        co_return;
    }
}

/// Returns rather than throws but for cancellation, so that the writer always has an end.
Task<void> run_chat(const DoorState& state, const access::Identity& who, service::ChatOrder order,
    AnswerEvents& events, LiveText& text) {
    bool began = false;
    llm::ChatSink sink = [&](const ChatDelta& delta) {
        if (!std::exchange(began, true)) text.add(events.begin());
        text.add(events.take(delta, {}));
    };
    const auto result = co_await state.chats.pass_through(
        who, std::move(order), std::move(sink), Deadline::after(state.config.timeout));
    if (result) {
        if (!began) text.add(events.begin());
        text.add(events.end(*result));
        text.end({});
    } else if (began) {
        text.add(events.fail(result.error()));
        text.end({});
    } else {
        text.end(result.error());
    }
}

Task<void> write_through(const DoorState& state, const access::Identity& who,
    service::ChatOrder order, AnswerEvents& events, net::BodyStream& body) {
    LiveText text(co_await asio::this_coro::executor);
    co_await (run_chat(state, who, std::move(order), events, text) &&
              text.write_to(body, state.config.heartbeat));
}

}  // namespace

net::Response follow_response(const SharedState& state, MessageId id, Place place,
    std::shared_ptr<AnswerEvents> events, std::string_view way_back) {
    net::Response response = event_stream();
    response.stream = [state, id, place, events = std::move(events), way_back](
                          net::BodyStream& body) {
        return follow(
            *state, state->chats.follow(id, place.from, place.skip), *events, way_back, body);
    };
    return response;
}

Task<Result<net::Response>> answer_in_time(
    const SharedState& state, const access::Identity& who, MessageId id, AnswerText text) {
    const Deadline deadline = Deadline::after(state->config.patience);
    BATON_CO_TRY(const auto result, co_await state->chats.wait(who, id, deadline));
    if (result) co_return json_answer(200, text(*result));
    net::Response response;
    response.stream = [state, who, id, text = std::move(text)](net::BodyStream& body) {
        return write_late(*state, who, id, text, body);
    };
    co_return response;
}

net::Response stream_through(const SharedState& state, access::Identity who,
    service::ChatOrder order, std::shared_ptr<AnswerEvents> events) {
    net::Response response = event_stream();
    response.stream = [state, who = std::move(who), order = std::move(order),
                          events = std::move(events)](net::BodyStream& body) mutable {
        return write_through(*state, who, std::move(order), *events, body);
    };
    return response;
}

Task<Result<net::Response>> answer_through(const SharedState& state, const access::Identity& who,
    service::ChatOrder order, AnswerText text) {
    const Deadline deadline = Deadline::after(state->config.timeout);
    auto asking = state->chats.pass_through(who, std::move(order), {}, deadline);
    BATON_CO_TRY(const auto result, co_await std::move(asking));
    co_return json_answer(200, text(result));
}

}  // namespace baton::api::openai
