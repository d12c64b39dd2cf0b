#include "service/chat_service.h"

#include <algorithm>
#include <ranges>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/core.h>

#include "dispatch/work_item.h"
#include "service/checks.h"

namespace baton::service {
namespace {

// Used inside coroutines, where the check does not see it.
using asio::experimental::awaitable_operators::operator||;  // NOLINT(misc-unused-using-decls)

// Between looks at a chat that somebody waits for, should it end without a reply (cancelled).
constexpr Duration recheck{1'000};

/// Chats share models by key: who asks much waits behind who asks little.
TenantId tenant_of(const access::Identity& who) { return TenantId(who.key.text); }

/// What the rules look at: the newest words of the user.
std::string question_of(const ChatRequest& request) {
    const auto newest_first = request.messages | std::views::reverse;
    const auto question = std::ranges::find(newest_first, Role::user, &ChatMessage::role);
    return question == newest_first.end() ? std::string() : question->content;
}

Error no_answer(const MessageView& message) {
    switch (message.state) {
        case MessageState::cancelled:
            return {.code = Errc::cancelled, .detail = "the chat was cancelled"};
        case MessageState::expired:
            return {.code = Errc::deadline_exceeded, .detail = "the chat waited past its time"};
        case MessageState::dead:
            return {.code = Errc::provider_unavailable, .detail = message.dead_reason};
        default: return {.code = Errc::message_not_found, .detail = "the answer is no longer kept"};
    }
}

}  // namespace

std::string model_of(const MessageView& message) {
    if (!message.data) return {};
    auto item = dispatch::parse_work_item(message);
    if (!item) return {};
    auto* work = std::get_if<dispatch::ChatWork>(&*item);
    return work == nullptr ? std::string() : std::move(work->request.model);
}

Result<void> ChatService::check(const access::Identity& who, const ChatOrder& order) const {
    BATON_TRY_VOID(allow(who));
    if (!pool_.serves(order.request.model)) {
        return fail_field(Errc::not_found, "model",
            fmt::format("no endpoint serves the model `{}`", order.request.model));
    }
    if (order.idempotency_key.size() > ChatLimits::idempotency_key_max) {
        return fail_field(Errc::invalid_argument, "Idempotency-Key",
            fmt::format(
                "an idempotency key has at most {} bytes", ChatLimits::idempotency_key_max));
    }
    if (order.session.size() > ChatLimits::session_max) {
        return fail_field(Errc::invalid_argument, "user",
            fmt::format("a session has at most {} bytes", ChatLimits::session_max));
    }
    return {};
}

Task<Result<AcceptedChat>> ChatService::submit(const access::Identity& who, ChatOrder order) {
    BATON_CO_TRY_VOID(check(who, order));
    const std::string text = question_of(order.request);
    dispatch::ChatWork work{.tenant = tenant_of(who),
        .session = std::move(order.session),
        .request = std::move(order.request)};
    dispatch::WorkOrder posted{.item = dispatch::to_work_item(work, Level::normal),
        .priority = order.priority,
        .subject = {.text = text},
        .model = work.request.model,
        .coalesce = order.coalesce};
    posted.item.ttl = order.ttl;
    posted.item.data.metadata = std::move(order.metadata);
    if (!order.idempotency_key.empty()) {
        // One key's idempotency keys are not another's.
        posted.item.data.dedup_key = who.key.text + "/" + order.idempotency_key;
    }
    BATON_CO_TRY_VOID(check_message(posted.item));
    BATON_CO_TRY(const auto message, co_await intake_.post(std::move(posted)));
    co_return AcceptedChat{.id = message.id, .duplicate = message.duplicate, .at = clock_.now()};
}

Task<Result<std::optional<ChatResult>>> ChatService::wait(
    const access::Identity& who, MessageId id, Deadline deadline) {
    BATON_CO_TRY_VOID(allow(who));
    while (true) {
        const Deadline look = Deadline::after(recheck).min(deadline);
        BATON_CO_TRY(const auto reply, co_await queues_.wait_reply(id, look));
        if (reply) {
            BATON_CO_TRY(auto result, dispatch::chat_of_reply(*reply));
            co_return std::optional(std::move(result));
        }
        BATON_CO_TRY(const auto message, co_await queues_.get(id));
        const bool goes_on = message.state == MessageState::scheduled ||
                             message.state == MessageState::ready ||
                             message.state == MessageState::leased;
        if (!goes_on) co_return fail(no_answer(message));
        if (deadline.expired()) co_return std::nullopt;
    }
}

Task<Result<MessageView>> ChatService::find(const access::Identity& who, MessageId id) {
    BATON_CO_TRY_VOID(allow(who));
    auto message = co_await queues_.get(id);
    co_return message;
}

Task<Result<void>> ChatService::cancel(const access::Identity& who, MessageId id) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(co_await queues_.cancel(id));
    // Who waits hears of it at once, and who asks later finds more than nothing.
    auto reply = dispatch::to_queue_reply(
        Error{.code = Errc::cancelled, .detail = "the chat was cancelled"});
    auto told = co_await queues_.reply(id, std::move(reply.result), std::move(reply.metadata));
    co_return told;
}

Task<Result<ChatResult>> ChatService::pass_through(
    const access::Identity& who, ChatOrder order, llm::ChatSink sink, Deadline deadline) {
    BATON_CO_TRY_VOID(check(who, order));
    llm::Asker asker{.tenant = tenant_of(who), .session = std::move(order.session)};
    auto result =
        co_await pool_.chat(std::move(asker), std::move(order.request), std::move(sink), deadline);
    co_return result;
}

Task<Result<EmbeddingResult>> ChatService::embed(
    const access::Identity& who, EmbeddingRequest request, Deadline deadline) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(
        in_range<std::size_t>("input", request.input.size(), 1, ChatLimits::embedding_inputs_max));
    if (!pool_.serves(request.model)) {
        co_return fail_field(Errc::not_found, "model",
            fmt::format("no endpoint serves the model `{}`", request.model));
    }
    llm::Asker asker{.tenant = tenant_of(who)};
    auto result = co_await pool_.embed(std::move(asker), std::move(request), deadline);
    co_return result;
}

Task<Result<ChatProgress>> ChatReader::next(Duration wait) {
    ChatProgress progress;
    const Deadline deadline = Deadline::after(wait);
    const queue::OutputRequest request{.message = id_, .from = next_, .wait = deadline};
    // A chat that fails for good ends its reply and not its output: that stays for a redrive.
    const auto first = co_await (queues_.read_output(request) || queues_.wait_reply(id_, deadline));
    if (first.index() == 1) {
        const auto& reply = std::get<1>(first);
        if (!reply) co_return fail(reply.error());
        if (!*reply) co_return progress;
        auto finished = co_await finish(**reply, std::move(progress));
        co_return finished;
    }
    const auto& page = std::get<0>(first);
    if (!page) co_return fail(page.error());
    BATON_CO_TRY_VOID(take(*page, progress));
    if (!page->ended) co_return progress;
    BATON_CO_TRY(auto reply, co_await queues_.get_reply(id_));
    auto finished = co_await finish(std::move(reply), std::move(progress));
    co_return finished;
}

Result<void> ChatReader::take(const OutputPage& page, ChatProgress& progress) {
    for (const OutputEvent& event : page.events) {
        BATON_TRY(const auto deltas, dispatch::deltas_of_event(event.data));
        for (const ChatDelta& delta : deltas) {
            BATON_TRY(auto fresh, merge_.take(event.attempt, delta));
            if (fresh.empty() || event.offset < tell_from_) continue;
            progress.pieces.push_back({.offset = event.offset, .delta = std::move(fresh)});
        }
    }
    next_ = page.next;
    return {};
}

/// The rest of the output, which was all there before the reply, and the reply.
Task<Result<ChatProgress>> ChatReader::finish(std::optional<Reply> reply, ChatProgress progress) {
    if (!reply) {
        BATON_CO_TRY(const auto message, co_await queues_.get(id_));
        co_return fail(no_answer(message));
    }
    BATON_CO_TRY(progress.result, dispatch::chat_of_reply(*reply));
    while (true) {
        const queue::OutputRequest request{.message = id_, .from = next_};
        BATON_CO_TRY(const auto page, co_await queues_.read_output(request));
        BATON_CO_TRY_VOID(take(page, progress));
        if (page.events.empty()) break;
    }
    BATON_CO_TRY_VOID(merge_.end());
    co_return progress;
}

}  // namespace baton::service
