#include "support/fake_conversations.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "conversations/answer_rows.h"

namespace baton::test {
namespace {

using conversations::Page;
using conversations::PageRequest;

bool is_unfinished(const DialogMessage& message) {
    return message.status == DialogStatus::pending || message.status == DialogStatus::processing;
}

/// The page of `items`, which are in ascending order. A cursor is the place in them.
template <class T>
Page<T> page_of(std::vector<T> items, const PageRequest& request) {
    if (request.descending) std::ranges::reverse(items);
    Page<T> page{.total = items.size(),
        .total_is_at_least = items.size() >= conversations::ListLimits::total_max};
    std::size_t at = std::size_t{request.page - 1} * request.page_size;
    if (!request.after.empty()) {
        const auto* const text = request.after.data();
        std::from_chars(text, text + request.after.size(), at);
    }
    AnswerBudget budget;
    for (; at < items.size() && page.items.size() < request.page_size; ++at) {
        page.cut = !budget.take(conversations::answer_bytes(items[at]));
        if (page.cut) {
            page.next = std::to_string(at);
            break;
        }
        page.items.push_back(std::move(items[at]));
    }
    return page;
}

}  // namespace

Task<Result<void>> FakeConversations::enter(std::string_view call) {
    ++calls[std::string(call)];
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    if (fault) {
        if (auto error = fault(call)) co_return std::unexpected(*std::move(error));
    }
    co_return Result<void>();
}

std::optional<DialogMessage> FakeConversations::message(MessageId id) const {
    const auto found = messages_.find(id);
    return found == messages_.end() ? std::nullopt : std::optional(found->second);
}

Task<Result<bool>> FakeConversations::create(Conversation conversation) {
    BATON_CO_TRY_VOID(co_await enter("create"));
    const std::string key = conversation.id.text;
    co_return conversations_.try_emplace(key, std::move(conversation)).second;
}

Task<Result<Conversation>> FakeConversations::get(ConversationId id) {
    BATON_CO_TRY_VOID(co_await enter("get"));
    const auto found = conversations_.find(id.text);
    if (found == conversations_.end() || removed_.contains(id.text)) {
        co_return baton::fail(Errc::conversation_not_found, "no conversation `" + id.text + "`");
    }
    co_return found->second;
}

Task<Result<Page<Conversation>>> FakeConversations::list(
    conversations::ConversationFilter filter, PageRequest page) {
    BATON_CO_TRY_VOID(co_await enter("list"));
    std::vector<Conversation> found;
    for (const auto& [id, conversation] : conversations_) {
        const bool wanted = !removed_.contains(id) &&
                            (!filter.user_id || *filter.user_id == conversation.user_id) &&
                            (!filter.state || *filter.state == conversation.state);
        if (wanted) found.push_back(conversation);
    }
    co_return page_of(std::move(found), page);
}

Task<Result<bool>> FakeConversations::add_message(DialogMessage message) {
    BATON_CO_TRY_VOID(co_await enter("add_message"));
    if (removed_.contains(message.conversation_id.text)) {
        co_return baton::fail(Errc::conversation_not_found, "the conversation was removed");
    }
    const MessageId id = message.id;
    const auto [place, added] = messages_.try_emplace(id, std::move(message));
    if (!added) co_return false;
    const DialogMessage& stored = place->second;
    auto& conversation = conversations_[stored.conversation_id.text];
    if (conversation.id.empty()) {
        conversation.id = stored.conversation_id;
        conversation.user_id = stored.user_id;
        conversation.created_at = stored.created_at;
    }
    ++conversation.message_count;
    conversation.updated_at = conversation.last_active_at = stored.created_at;
    co_return true;
}

Task<Result<DialogMessage>> FakeConversations::get_message(MessageId id) {
    BATON_CO_TRY_VOID(co_await enter("get_message"));
    const auto found = messages_.find(id);
    if (found == messages_.end()) {
        co_return baton::fail(Errc::message_not_found, "no message " + id.text());
    }
    co_return found->second;
}

Task<Result<Page<DialogMessage>>> FakeConversations::list_messages(
    conversations::MessageFilter filter, PageRequest page) {
    BATON_CO_TRY_VOID(co_await enter("list_messages"));
    std::vector<DialogMessage> found;
    for (const auto& [id, message] : messages_) {
        const bool wanted =
            (!filter.conversation_id || *filter.conversation_id == message.conversation_id) &&
            (!filter.user_id || *filter.user_id == message.user_id) &&
            (!filter.status || *filter.status == message.status) &&
            (!filter.priority || *filter.priority == message.priority);
        if (wanted) found.push_back(message);
    }
    co_return page_of(std::move(found), page);
}

Task<Result<std::vector<DialogMessage>>> FakeConversations::history(
    ConversationId id, MessageId before, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("history"));
    std::vector<DialogMessage> found;
    for (const auto& [message_id, message] : messages_) {
        const bool wanted = message.conversation_id == id && message_id < before &&
                            message.status == DialogStatus::completed;
        if (wanted) found.push_back(message);
    }
    if (found.size() > limit) found.erase(found.begin(), found.end() - limit);
    co_return found;
}

Task<Result<void>> FakeConversations::mark_processing(
    MessageId id, std::uint32_t retry_count, TimePoint at) {
    BATON_CO_TRY_VOID(co_await enter("mark_processing"));
    const auto found = messages_.find(id);
    if (found == messages_.end() || !is_unfinished(found->second)) co_return Result<void>();
    found->second.status = DialogStatus::processing;
    found->second.retry_count = retry_count;
    found->second.updated_at = at;
    co_return Result<void>();
}

Task<Result<void>> FakeConversations::mark_waiting(
    MessageId id, std::uint32_t retry_count, std::string error, TimePoint at) {
    BATON_CO_TRY_VOID(co_await enter("mark_waiting"));
    const auto found = messages_.find(id);
    if (found == messages_.end() || !is_unfinished(found->second)) co_return Result<void>();
    found->second.status = DialogStatus::pending;
    found->second.retry_count = retry_count;
    found->second.error = std::move(error);
    found->second.updated_at = at;
    co_return Result<void>();
}

Task<Result<bool>> FakeConversations::complete(MessageId id, DialogReply reply) {
    BATON_CO_TRY_VOID(co_await enter("complete"));
    const auto found = messages_.find(id);
    if (found == messages_.end()) {
        co_return baton::fail(Errc::message_not_found, "no message " + id.text());
    }
    co_return write_reply(found->second, std::move(reply));
}

bool FakeConversations::write_reply(DialogMessage& message, DialogReply reply) {
    if (message.status == DialogStatus::completed) return false;
    message.status = DialogStatus::completed;
    message.error.clear();
    message.completed_at = reply.created_at;
    message.updated_at = reply.created_at;
    message.reply = std::move(reply);
    return true;
}

Task<Result<std::vector<conversations::RunStep>>> FakeConversations::steps(MessageId id) {
    BATON_CO_TRY_VOID(co_await enter("steps"));
    co_return steps_[id];
}

Task<Result<conversations::StepPage>> FakeConversations::step_page(
    MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("step_page"));
    conversations::StepPage page;
    for (const auto& step : steps_[id]) {
        if (after && step.number <= *after) {
            if (step.kind == StepKind::model) page.asked = step;
        } else if (page.steps.size() < limit) {
            page.steps.push_back(step);
        } else {
            page.next = page.steps.back().number;
            break;
        }
    }
    co_return page;
}

Task<Result<bool>> FakeConversations::add_step(MessageId id, conversations::RunStep step) {
    BATON_CO_TRY_VOID(co_await enter("add_step"));
    if (!messages_.contains(id)) {
        co_return baton::fail(Errc::message_not_found, "no message " + id.text());
    }
    auto& kept = steps_[id];
    if (step.number < kept.size()) co_return false;
    kept.push_back(std::move(step));
    co_return true;
}

Task<Result<bool>> FakeConversations::finish(
    MessageId id, conversations::RunStep last, DialogReply reply) {
    BATON_CO_TRY_VOID(co_await enter("finish"));
    const auto found = messages_.find(id);
    if (found == messages_.end()) {
        co_return baton::fail(Errc::message_not_found, "no message " + id.text());
    }
    if (!write_reply(found->second, std::move(reply))) co_return false;
    steps_[id].push_back(std::move(last));
    co_return true;
}

Task<Result<void>> FakeConversations::fail(conversations::FailedRun run) {
    BATON_CO_TRY_VOID(co_await enter("fail"));
    const auto found = messages_.find(run.id);
    if (found == messages_.end() || !is_unfinished(found->second)) co_return Result<void>();
    found->second.status = run.status;
    found->second.error = std::move(run.error);
    found->second.retry_count = run.retry_count;
    found->second.updated_at = run.at;
    co_return Result<void>();
}

Task<Result<std::vector<MessageId>>> FakeConversations::unfinished(
    std::optional<MessageId> after, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("unfinished"));
    std::vector<MessageId> ids;
    for (const auto& [id, message] : messages_) {
        if (ids.size() >= limit) break;
        if (is_unfinished(message) && (!after || id > *after)) ids.push_back(id);
    }
    co_return ids;
}

}  // namespace baton::test
