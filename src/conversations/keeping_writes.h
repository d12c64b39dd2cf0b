// What keeping.h writes, one operation at a time, inside the caller's transaction. Blocking. The
// meaning of each is that of the port's method.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "conversations/keeping.h"
#include "conversations/transaction.h"

namespace baton::conversations {

[[nodiscard]] Result<Conversation> change_conversation(Transaction& transaction,
    const ConversationId& id, const ConversationChange& change, TimePoint at);
[[nodiscard]] Result<void> remove_conversation(
    db::Connection& connection, const ConversationId& id, TimePoint at);
[[nodiscard]] Result<std::uint64_t> remove_expired(
    db::Connection& connection, TimePoint now, TimePoint idle_since, std::uint32_t limit);
[[nodiscard]] Result<std::uint64_t> purge_conversation(Transaction& transaction,
    const ConversationId& id, std::uint32_t limit, TimePoint stones_before);
[[nodiscard]] Result<void> delete_message(Transaction& transaction, MessageId id);
[[nodiscard]] Result<void> reopen_message(db::Connection& connection, MessageId id, TimePoint at);

[[nodiscard]] Result<User> put_user(db::Connection& connection, User user);
[[nodiscard]] Result<bool> delete_user(db::Connection& connection, const UserId& id);
[[nodiscard]] Result<void> count_message(
    db::Connection& connection, const UserId& id, const QuotaDefaults& limits, TimePoint at);
[[nodiscard]] Result<void> forget_counts(
    db::Connection& connection, TimePoint before, std::uint32_t limit);

}  // namespace baton::conversations
