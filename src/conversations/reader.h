// What is read, one call at a time, over one connection. Blocking; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "conversations/conversations.h"
#include "conversations/keeping.h"
#include "conversations/list_query.h"
#include "conversations/search.h"
#include "db/database.h"

namespace baton::conversations {

/// The meaning of each method is that of the port's method of the same name.
class Reader final {
public:
    /// `kind`: as db::Database::kind.
    Reader(std::unique_ptr<db::Connection> connection, std::string_view kind);

    [[nodiscard]] Result<Conversation> get(const ConversationId& id);
    [[nodiscard]] Result<DialogMessage> get_message(MessageId id);
    [[nodiscard]] Result<Page<Conversation>> list(
        const ConversationFilter& filter, const PageRequest& page);
    [[nodiscard]] Result<Page<DialogMessage>> list_messages(
        const MessageFilter& filter, const PageRequest& page);
    [[nodiscard]] Result<std::vector<DialogMessage>> history(
        const ConversationId& id, MessageId before, std::uint32_t limit);
    [[nodiscard]] Result<std::vector<MessageId>> unfinished(
        std::optional<MessageId> after, std::uint32_t limit);
    [[nodiscard]] Result<std::vector<RunStep>> steps(MessageId id);
    [[nodiscard]] Result<StepPage> step_page(
        MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit);
    [[nodiscard]] Result<std::optional<Summary>> summary(
        const ConversationId& id, MessageId before);
    [[nodiscard]] Result<std::vector<ConversationId>> removed(
        const ConversationId& after, std::uint32_t limit);
    [[nodiscard]] Result<std::vector<MessageId>> unfinished_of(
        const ConversationId& id, std::uint32_t limit);
    [[nodiscard]] Result<std::optional<User>> find_user(const UserId& id);
    [[nodiscard]] Result<SearchPage<MessageHit>> search_messages(const SearchRequest& request);
    [[nodiscard]] Result<SearchPage<Conversation>> search_conversations(
        const SearchRequest& request);
    [[nodiscard]] Result<UserPage> list_users(const UserId& after, std::uint32_t limit);

private:
    template <class T>
    Result<Page<T>> page_of(const ListQuery& query, Result<T> (*read)(const db::Row&));
    /// The first column of the only row.
    Result<std::int64_t> number(const std::string& sql, std::span<const db::Value> values);
    Result<ListPlan> plan_of(const MessageFilter& filter, const PageRequest& page);
    /// A statement whose address stays: there are a few hundred forms of a list.
    const db::Statement& statement(const std::string& sql);

    std::unique_ptr<db::Connection> connection_;
    std::string_view kind_;
    std::unordered_map<std::string, db::Statement> statements_;
};

}  // namespace baton::conversations
