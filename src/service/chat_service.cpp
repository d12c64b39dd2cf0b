#include "service/chat_service.h"

#include <algorithm>
#include <ranges>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "dispatch/settlement.h"
#include "dispatch/work_item.h"
#include "runtime/event.h"
#include "service/checks.h"
#include "service/dialog_checks.h"

namespace baton::service {
namespace {

// Between looks at a chat that somebody waits for, should it end without a reply (cancelled).
constexpr Duration recheck{1'000};

/// Chats share models by key: who asks much waits behind who asks little.
TenantId tenant_of(const access::Identity& who) { return TenantId(who.key.text); }

bool is_live(MessageState state) noexcept {
    return state == MessageState::scheduled || state == MessageState::ready ||
           state == MessageState::leased;
}
bool is_live(const MessageView& message) noexcept { return is_live(message.state); }

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
        case MessageState::dead: return dispatch::error_of_reason(message.dead_reason);
        default: return {.code = Errc::message_not_found, .detail = "the answer is no longer kept"};
    }
}

}  // namespace

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
        return fail_field(Errc::invalid_argument, "Baton-Session",
            fmt::format("a session has at most {} bytes", ChatLimits::session_max));
    }
    if (auto user = checked_user(order.user); !user) {
        auto error = std::move(user).error();
        error.field = "user";  // as this door calls it
        return fail(std::move(error));
    }
    return {};
}

Task<Result<std::string>> ChatService::admit(const std::optional<UserId>& user) const {
    if (!user) co_return std::string();
    co_return co_await users_.admit(*user);
}

llm::Rooms ChatService::rooms(const access::Identity& who, std::string_view model) const {
    return pool_.rooms({.tenant = tenant_of(who)}, model);
}

Task<Result<AcceptedChat>> ChatService::submit(const access::Identity& who, ChatOrder order) {
    BATON_CO_TRY_VOID(check(who, order));
    BATON_CO_TRY(const std::string tier, co_await admit(order.user));
    const std::string text = question_of(order.request);
    dispatch::ChatWork work{.tenant = tenant_of(who),
        .session = std::move(order.session),
        .request = std::move(order.request),
        .echo = std::move(order.echo),
        .keeps_context = order.keeps_context};
    dispatch::WorkOrder posted{.item = dispatch::to_work_item(work, Level::normal),
        .priority = order.priority,
        .subject = {.text = text, .tier = tier},
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
        auto result = reply ? dispatch::chat_of_reply(*reply) : Result<ChatResult>();
        if (reply && result) co_return std::optional(*std::move(result));
        const auto message = co_await queues_.get(id);
        const bool goes_on = message && is_live(*message);
        if (reply && !goes_on) co_return fail(result.error());
        if (!message) co_return fail(message.error());
        if (!goes_on) co_return fail(no_answer(*message));
        if (deadline.expired()) co_return std::nullopt;
        // An error of before it was driven anew would be there at once, again and again.
        if (reply) co_await sleep_until(look);
    }
}

Task<Result<StoredChat>> ChatService::find(const access::Identity& who, MessageId id) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY(const auto message, co_await queues_.get(id));
    const Error unknown{.code = Errc::message_not_found, .detail = "no chat has this id"};
    if (message.queue.view() != dispatch::llm_queue) co_return fail(unknown);
    StoredChat chat{.state = message.state, .at = message.posted_at};
    if (message.data) {
        auto item = dispatch::parse_work_item(message);
        auto* work = item ? std::get_if<dispatch::ChatWork>(&*item) : nullptr;
        if (work == nullptr) co_return fail(unknown);
        chat.model = std::move(work->request.model);
        chat.echo = std::move(work->echo);
        co_return chat;
    }
    BATON_CO_TRY(const auto reply, co_await queues_.get_reply(id));
    if (!reply) co_return fail(unknown);
    const auto result = dispatch::chat_of_reply(*reply);
    if (!result && result.error().code == Errc::protocol_error) co_return fail(unknown);
    chat.at = reply->at;
    if (result) chat.model = result->model;
    chat.echo = dispatch::kept_of_reply(*reply).echo;
    co_return chat;
}

Task<Result<ChatContext>> ChatService::context(const access::Identity& who, MessageId id) {
    BATON_CO_TRY(const auto chat, co_await find(who, id));
    BATON_CO_TRY(const auto reply, co_await queues_.get_reply(id));
    if (!reply) {
        const bool will_come = is_live(chat.state);
        co_return fail(will_come ? Errc::conflict : Errc::message_not_found,
            will_come ? "it has no answer yet" : "its answer is no longer kept");
    }
    auto result = dispatch::chat_of_reply(*reply);
    if (!result) {
        co_return fail(Errc::conflict, "it has no answer: " + to_string(result.error()));
    }
    auto kept = dispatch::kept_of_reply(*reply);
    if (!kept.context) co_return fail(Errc::message_not_found, "it keeps no context");
    ChatContext context{.messages = *std::move(kept.context), .echo = std::move(kept.echo)};
    context.messages.push_back({.role = Role::assistant,
        .content = std::move(result->content),
        .refusal = std::move(result->refusal),
        .tool_calls = std::move(result->tool_calls)});
    co_return context;
}

Task<Result<void>> ChatService::cancel(const access::Identity& who, MessageId id) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(co_await find(who, id));
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
    BATON_CO_TRY_VOID(co_await admit(order.user));
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
    auto progress = co_await look(Deadline::after(wait));
    co_return progress;
}

/// One wait at a time: to call off a second one beside it would cost each piece another way through
/// the queue's thread. The output ends right behind the reply; should that word be lost, the reply
/// is found when the chat has been silent for a while.
Task<Result<ChatProgress>> ChatReader::look(Deadline deadline) {
    ChatProgress progress;
    while (true) {
        const Deadline wait = Deadline::after(recheck).min(deadline);
        const queue::OutputRequest request{.message = id_, .from = next_, .wait = wait};
        BATON_CO_TRY(const auto page, co_await queues_.read_output(request));
        BATON_CO_TRY_VOID(take(page, progress));
        if (page.ended) break;
        if (!page.events.empty()) co_return progress;
        BATON_CO_TRY(auto reply, co_await queues_.get_reply(id_));
        // An error of a chat that lives is of before it was driven anew.
        if (reply && dispatch::chat_of_reply(*reply)) {
            auto finished = co_await finish(std::move(reply), std::move(progress));
            co_return finished;
        }
        if (deadline.expired()) co_return progress;
    }
    // Whoever ended the chat says why in a moment.
    BATON_CO_TRY(auto reply, co_await queues_.wait_reply(id_, Deadline::after(recheck)));
    auto finished = co_await finish(std::move(reply), std::move(progress));
    co_return finished;
}

Result<void> ChatReader::take(const OutputPage& page, ChatProgress& progress) {
    for (const OutputEvent& event : page.events) {
        BATON_TRY(const auto deltas, dispatch::deltas_of_event(event.data));
        std::uint32_t index = 0;
        for (const ChatDelta& delta : deltas) {
            BATON_TRY(auto fresh, merge_.take(event.attempt, delta));
            const std::uint32_t place = index++;
            const bool was_told =
                event.offset < tell_from_ || (event.offset == tell_from_ && place < skip_);
            if (fresh.empty() || was_told) continue;
            progress.pieces.push_back(
                {.offset = event.offset, .index = place, .delta = std::move(fresh)});
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
    BATON_CO_TRY(auto rest, merge_.rest(*progress.result));
    const bool was_told = tell_from_ > next_ || (tell_from_ == next_ && skip_ > 0);
    if (!rest.empty() && !was_told) {
        progress.pieces.push_back({.offset = next_, .delta = std::move(rest)});
    }
    co_return progress;
}

}  // namespace baton::service
