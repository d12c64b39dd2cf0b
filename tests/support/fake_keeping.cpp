// The ports of conversations/keeping.h over the fake's maps.
#include <algorithm>
#include <utility>

#include "support/fake_conversations.h"

namespace baton::test {

Task<Result<Conversation>> FakeConversations::change(
    ConversationId id, conversations::ConversationChange change, TimePoint at) {
    BATON_CO_TRY_VOID(co_await enter("change"));
    const auto found = conversations_.find(id.text);
    if (found == conversations_.end() || removed_.contains(id.text)) {
        co_return baton::fail(Errc::conversation_not_found, "no conversation `" + id.text + "`");
    }
    auto& row = found->second;
    if (change.state && !is_legal_move(row.state, *change.state)) {
        co_return fail_field(Errc::conflict, "state", "no legal move");
    }
    row.state = change.state.value_or(row.state);
    row.title = std::move(change.title).value_or(row.title);
    row.context = std::move(change.context).value_or(row.context);
    row.priority = change.priority.value_or(row.priority);
    row.metadata = std::move(change.metadata).value_or(row.metadata);
    if (change.changes_expiry) row.expires_at = change.expires_at;
    row.updated_at = at;
    co_return row;
}

Task<Result<void>> FakeConversations::remove(ConversationId id, TimePoint at) {
    BATON_CO_TRY_VOID(co_await enter("remove"));
    if (!conversations_.contains(id.text) || !removed_.try_emplace(id.text, at).second) {
        co_return baton::fail(Errc::conversation_not_found, "no conversation `" + id.text + "`");
    }
    co_return Result<void>();
}

Task<Result<std::uint64_t>> FakeConversations::remove_expired(
    TimePoint now, TimePoint idle_since, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("remove_expired"));
    std::uint64_t count = 0;
    for (const auto& [id, row] : conversations_) {
        const bool over = row.expires_at ? *row.expires_at <= now : row.last_active_at < idle_since;
        if (count < limit && over && removed_.try_emplace(id, now).second) ++count;
    }
    co_return count;
}

Task<Result<std::vector<ConversationId>>> FakeConversations::removed(
    ConversationId after, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("removed"));
    std::vector<ConversationId> ids;
    for (const auto& [id, at] : removed_) {
        if (id > after.text && ids.size() < limit) ids.emplace_back(id);
    }
    co_return ids;
}

Task<Result<std::vector<MessageId>>> FakeConversations::unfinished_of(
    ConversationId id, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("unfinished_of"));
    std::vector<MessageId> ids;
    for (const auto& [message_id, message] : messages_) {
        const bool open =
            message.status != DialogStatus::completed && message.status != DialogStatus::cancelled;
        if (message.conversation_id == id && open && ids.size() < limit) ids.push_back(message_id);
    }
    co_return ids;
}

Task<Result<std::uint64_t>> FakeConversations::purge(
    ConversationId id, std::uint32_t limit, TimePoint stones_before) {
    BATON_CO_TRY_VOID(co_await enter("purge"));
    const auto stone = removed_.find(id.text);
    if (stone == removed_.end()) co_return 0;
    std::uint64_t count = 0;
    std::erase_if(messages_, [&](const auto& each) {
        const bool goes = each.second.conversation_id == id && count < limit;
        if (goes) ++count;
        return goes;
    });
    if (count < limit && stone->second < stones_before) {
        removed_.erase(stone);
        conversations_.erase(id.text);
    }
    co_return count;
}

Task<Result<void>> FakeConversations::delete_message(MessageId id) {
    BATON_CO_TRY_VOID(co_await enter("delete_message"));
    const auto found = messages_.find(id);
    if (found == messages_.end()) {
        co_return baton::fail(Errc::message_not_found, "no message " + id.text());
    }
    const auto status = found->second.status;
    if (status == DialogStatus::pending || status == DialogStatus::processing) {
        co_return baton::fail(Errc::conflict, "the message is not finished: cancel it first");
    }
    messages_.erase(found);
    co_return Result<void>();
}

Task<Result<void>> FakeConversations::reopen(MessageId id, TimePoint at) {
    BATON_CO_TRY_VOID(co_await enter("reopen"));
    const auto found = messages_.find(id);
    if (found == messages_.end()) {
        co_return baton::fail(Errc::message_not_found, "no message " + id.text());
    }
    auto& message = found->second;
    if (message.status == DialogStatus::failed || message.status == DialogStatus::timeout) {
        message.status = DialogStatus::pending;
        message.error.clear();
        message.updated_at = at;
    }
    co_return Result<void>();
}

Task<Result<User>> FakeConversations::put_user(User user) {
    BATON_CO_TRY_VOID(co_await enter("put_user"));
    const auto found = users_.find(user.id.text);
    if (found != users_.end()) user.created_at = found->second.created_at;
    const std::string key = user.id.text;
    co_return users_[key] = std::move(user);
}

Task<Result<std::optional<User>>> FakeConversations::find_user(UserId id) {
    BATON_CO_TRY_VOID(co_await enter("find_user"));
    const auto found = users_.find(id.text);
    co_return found == users_.end() ? std::optional<User>() : found->second;
}

Task<Result<conversations::UserPage>> FakeConversations::list_users(
    UserId after, std::uint32_t limit) {
    BATON_CO_TRY_VOID(co_await enter("list_users"));
    conversations::UserPage page;
    for (const auto& [id, user] : users_) {
        if (id <= after.text) continue;
        if (page.users.size() == limit) {
            page.next = page.users.back().id;
            break;
        }
        page.users.push_back(user);
    }
    co_return page;
}

Task<Result<bool>> FakeConversations::delete_user(UserId id) {
    BATON_CO_TRY_VOID(co_await enter("delete_user"));
    co_return users_.erase(id.text) != 0;
}

Task<Result<void>> FakeConversations::count_message(
    UserId id, conversations::QuotaDefaults limits, TimePoint) {
    BATON_CO_TRY_VOID(co_await enter("count_message"));
    const std::uint32_t limit =
        limits.messages_per_minute != 0 ? limits.messages_per_minute : limits.messages_per_day;
    auto& count = counts_[id.text];
    if (limit != 0 && count >= limit) {
        co_return baton::fail(Error{.code = Errc::rate_limited,
            .detail = "the user has sent enough",
            .retry_after = Duration(1'000)});
    }
    ++count;
    co_return Result<void>();
}

Task<Result<void>> FakeConversations::forget_counts(TimePoint, std::uint32_t) {
    BATON_CO_TRY_VOID(co_await enter("forget_counts"));
    counts_.clear();
    co_return Result<void>();
}

Task<Result<conversations::SearchPage<conversations::MessageHit>>> FakeConversations::
    search_messages(conversations::SearchRequest request) {
    BATON_CO_TRY_VOID(co_await enter("search_messages"));
    if (request.text.empty()) co_return fail_field(Errc::invalid_argument, "q", "no text");
    conversations::SearchPage<conversations::MessageHit> page;
    for (const auto& [id, message] : messages_) {
        if (message.content.contains(request.text)) page.items.push_back({message, false});
        if (message.reply && message.reply->content.contains(request.text)) {
            page.items.push_back({message, true});
        }
    }
    co_return page;
}

Task<Result<conversations::SearchPage<Conversation>>> FakeConversations::search_conversations(
    conversations::SearchRequest request) {
    BATON_CO_TRY_VOID(co_await enter("search_conversations"));
    conversations::SearchPage<Conversation> page;
    for (const auto& [id, row] : conversations_) {
        if (!removed_.contains(id) && row.title.contains(request.text)) page.items.push_back(row);
    }
    co_return page;
}

Task<Result<std::optional<conversations::Summary>>> FakeConversations::summary(
    ConversationId id, MessageId before) {
    BATON_CO_TRY_VOID(co_await enter("summary"));
    std::optional<conversations::Summary> last;
    for (const auto& each : summaries_) {
        const bool fits = each.conversation_id == id && each.upto < before;
        if (fits && (!last || last->upto < each.upto)) last = each;
    }
    co_return last;
}

Task<Result<void>> FakeConversations::keep_summary(conversations::Summary summary) {
    BATON_CO_TRY_VOID(co_await enter("keep_summary"));
    summaries_.push_back(std::move(summary));
    co_return Result<void>();
}

}  // namespace baton::test
