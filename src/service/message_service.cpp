#include "service/message_service.h"

#include <array>
#include <unistd.h>
#include <utility>

#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "dispatch/work_item.h"
#include "model/codec.h"
#include "runtime/event.h"
#include "service/checks.h"
#include "service/dialog_checks.h"

namespace baton::service {
namespace {

using access::Identity;

// Between looks at a message that somebody waits for, should it end without a reply (cancelled).
constexpr Duration recheck{1'000};
// The same while an earlier reply stands that is not its last: a dead letter that was driven anew.
constexpr Duration recheck_soon{50};

/// "c_" and 128 random bits: nobody guesses another's conversation.
ConversationId draw_conversation_id() {
    std::array<unsigned char, 16> bits{};
    if (::getentropy(bits.data(), bits.size()) != 0) std::abort();  // cannot fail for 16 bytes
    std::string text = "c_";
    for (const unsigned char byte : bits) text += fmt::format("{:02x}", byte);
    return ConversationId(std::move(text));
}

/// Null when there is none.
boost::json::value json_of(std::string_view metadata) {
    auto value = parse_json(metadata);
    return value ? *std::move(value) : boost::json::value();
}

/// A text in the metadata; empty when it is something else. Refers to `metadata`.
std::string_view text_in(const boost::json::value& metadata, std::string_view name) {
    const auto* object = metadata.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
}

/// What the queue knows better than the row: the row of a waiting message lags behind its delivery.
DialogStatus refined(DialogStatus status, MessageState state) {
    if (is_final(status)) return status;
    switch (state) {
        case MessageState::leased: return DialogStatus::processing;
        case MessageState::dead: return DialogStatus::failed;
        case MessageState::cancelled: return DialogStatus::cancelled;
        case MessageState::expired: return DialogStatus::timeout;
        default: return status;
    }
}

bool say_the_same(const DialogMessage& a, const DialogMessage& b) {
    return a.content == b.content && a.user_id == b.user_id && a.agent_id == b.agent_id;
}

}  // namespace

bool is_final(DialogStatus status) noexcept {
    return status != DialogStatus::pending && status != DialogStatus::processing;
}

MessageService::MessageService(queue::Queues& queues, conversations::Conversations& conversations,
    const agents::Runtime& agents, const Clock& clock, MessageServiceConfig config, Log log,
    conversations::Users* users)
    : queues_(queues),
      conversations_(conversations),
      agents_(agents),
      clock_(clock),
      config_(std::move(config)),
      log_(std::move(log)),
      users_(users, clock, config_.user_limits) {}

Task<Result<Conversation>> MessageService::visible(ConversationId id) {
    BATON_CO_TRY(auto found, co_await conversations_.get(std::move(id)));
    if (is_over(found, config_.idle_time, clock_.now())) {
        co_return fail(Errc::conversation_not_found, "no such conversation");
    }
    co_return found;
}

Result<DialogMessage> MessageService::validated(OutgoingMessage message) const {
    BATON_TRY_VOID(check_content(message.content));
    BATON_TRY_VOID(check_metadata(message.metadata));
    DialogMessage row;
    BATON_TRY(row.user_id, checked_user(std::move(message.user_id)));
    row.agent_id = message.agent_id ? *std::move(message.agent_id) : config_.default_agent;
    if (!agents_.knows(row.agent_id)) {
        return fail_field(Errc::invalid_argument, "agent_id", "no agent has this id");
    }
    row.content = std::move(message.content);
    row.metadata = std::move(message.metadata);
    row.created_at = clock_.now();
    row.updated_at = row.created_at;
    return row;
}

Task<Result<SentMessage>> MessageService::send(const Identity& who, OutgoingMessage message) {
    BATON_CO_TRY_VOID(allow(who));
    const auto given = message.conversation_id;
    const auto priority = message.priority;
    std::string dedup_key = std::move(message.dedup_key);
    BATON_CO_TRY(auto row, validated(std::move(message)));
    if (given) {
        BATON_CO_TRY(auto conversation, co_await visible(*given));
        if (!takes_messages(conversation.state)) {
            co_return fail_field(Errc::conflict, "conversation_id",
                fmt::format(
                    "the conversation is {} and takes no messages", to_string(conversation.state)));
        }
        row.conversation_id = std::move(conversation.id);
    } else {
        row.conversation_id = draw_conversation_id();
    }
    BATON_CO_TRY(const std::string tier, co_await users_.admit(row.user_id));

    std::vector<NewMessage> items;
    items.push_back(dispatch::to_work_item(row));
    const auto told = json_of(row.metadata);
    const dispatch::Subject subject{.text = row.content,
        .tier = tier.empty() ? text_in(told, "tier") : std::string_view(tier),
        .urgency = text_in(told, "urgency")};
    dispatch::set_level(items.front(), config_.rules, subject, priority);
    row.priority = items.front().data.priority;
    items.front().data.dedup_key = std::move(dedup_key);
    QueueName queue{std::string(dispatch::llm_queue)};
    auto posted = co_await queues_.post(std::move(queue), std::move(items));
    if (!posted) {
        auto error = std::move(posted).error();
        if (error.code == Errc::message_too_large) error.field = "content";
        co_return fail(std::move(error));
    }
    row.id = posted->front().id;
    if (posted->front().duplicate) {
        auto looking = first_of(std::move(row), given.has_value());
        co_return co_await std::move(looking);
    }

    // The message is durable and will be answered: from here on nothing may deny that it was taken,
    // but that its conversation was deleted a moment ago, and it is taken back.
    const auto added = co_await conversations_.add_message(row);
    if (!added) {
        const bool is_orphan = added.error().code == Errc::conversation_not_found;
        if (is_orphan) {
            const auto cancelled = co_await queues_.cancel(row.id);
            // A run that was as fast may have taken it back already.
            const bool is_gone = cancelled || cancelled.error().code == Errc::message_not_found;
            if (is_gone) co_return fail(added.error());
        }
        log_.warn("the user's turn was not written, the worker will repair it",
            {{"message_id", row.id.text()}, {"error", to_string(added.error())}});
    }
    co_return SentMessage{.message = std::move(row)};
}

Task<Result<SentMessage>> MessageService::first_of(DialogMessage again, bool in_conversation) {
    BATON_CO_TRY(auto first, co_await look(again.id));
    const bool is_elsewhere = in_conversation && first.conversation_id != again.conversation_id;
    if (is_elsewhere || !say_the_same(first, again)) {
        co_return fail_field(
            Errc::already_exists, "Idempotency-Key", "this idempotency key is of another message");
    }
    co_return SentMessage{.message = std::move(first), .is_repeat = true};
}

Task<Result<DialogMessage>> MessageService::look(MessageId id) {
    auto row = co_await conversations_.get_message(id);
    if (row && row->status != DialogStatus::pending) co_return row;
    if (!row && row.error().code != Errc::message_not_found) co_return row;

    auto queued = co_await queues_.get(id);
    if (!queued) {
        if (queued.error().code == Errc::message_not_found) co_return row;
        co_return fail(std::move(queued).error());
    }
    if (!row) {
        // In the queue and not in the rows yet: a write that failed or has still to come.
        if (!queued->data || queued->queue.view() != dispatch::llm_queue) co_return row;
        auto item = dispatch::parse_work_item(*queued);
        if (!item) co_return fail(std::move(item).error());
        auto* dialog = std::get_if<DialogMessage>(&*item);
        if (dialog == nullptr) co_return row;  // a chat, which is no message to an agent
        row = std::move(*dialog);
    }
    row->status = refined(row->status, queued->state);
    co_return row;
}

Task<Result<DialogMessage>> MessageService::get(const Identity& who, MessageId id, Duration wait) {
    BATON_CO_TRY_VOID(allow(who));
    if (wait < Duration(0) || wait > MessageLimits::wait_max) {
        co_return fail_field(Errc::invalid_argument, "wait_ms",
            fmt::format("wait_ms must be 0 to {}", MessageLimits::wait_max.count()));
    }
    const Deadline deadline = Deadline::after(wait);
    while (true) {
        auto message = co_await look(id);
        if (!message || is_final(message->status) || deadline.expired()) co_return message;
        if (waits_ended_.load(std::memory_order_relaxed)) co_return message;
        const Deadline next_look = Deadline::after(recheck).min(deadline);
        const auto reply = co_await queues_.wait_reply(id, next_look);
        if (!reply) co_return message;  // the queue is stopping, or has gone
        if (!reply->has_value()) continue;
        message = co_await look(id);
        if (!message || is_final(message->status)) co_return message;
        const Deadline soon = Deadline::after(recheck_soon).min(deadline);
        co_await sleep_until(soon);
    }
}

Task<Result<Page<DialogMessage>>> MessageService::list(
    const Identity& who, MessageFilter filter, PageRequest page) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(check_page(page));
    co_return co_await conversations_.list_messages(std::move(filter), std::move(page));
}

Task<Result<MadeConversation>> MessageService::create_conversation(
    const Identity& who, NewConversation conversation) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(check_metadata(conversation.metadata));
    BATON_CO_TRY_VOID(check_title(conversation.title));
    BATON_CO_TRY_VOID(check_context(conversation.context));
    BATON_CO_TRY_VOID(check_expiry(conversation.expires_at, clock_.now()));
    Conversation row;
    BATON_CO_TRY(row.user_id, checked_user(std::move(conversation.user_id)));
    row.id = conversation.id ? *std::move(conversation.id) : draw_conversation_id();
    row.title = std::move(conversation.title);
    row.context = std::move(conversation.context);
    row.expires_at = conversation.expires_at;
    row.priority = conversation.priority;
    row.metadata = std::move(conversation.metadata);
    row.created_at = clock_.now();
    row.updated_at = row.created_at;
    row.last_active_at = row.created_at;
    BATON_CO_TRY(const bool added, co_await conversations_.create(row));
    if (added) co_return MadeConversation{.conversation = std::move(row)};
    BATON_CO_TRY(auto first, co_await conversations_.get(row.id));
    co_return MadeConversation{.conversation = std::move(first), .is_repeat = true};
}

Task<Result<Conversation>> MessageService::get_conversation(
    const Identity& who, ConversationId id) {
    BATON_CO_TRY_VOID(allow(who));
    co_return co_await visible(std::move(id));
}

Task<Result<Page<Conversation>>> MessageService::list_conversations(
    const Identity& who, ConversationFilter filter, PageRequest page) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(check_page(page));
    co_return co_await conversations_.list(std::move(filter), std::move(page));
}

Task<Result<Page<DialogMessage>>> MessageService::conversation_messages(
    const Identity& who, ConversationId id, PageRequest page) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(check_page(page));
    BATON_CO_TRY(const auto known, co_await visible(std::move(id)));
    MessageFilter filter;
    filter.conversation_id = known.id;
    co_return co_await conversations_.list_messages(std::move(filter), std::move(page));
}

}  // namespace baton::service
