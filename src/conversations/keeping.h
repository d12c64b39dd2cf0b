// Changing conversations, ending them, and what is known of users: same store and same rules as
// conversations.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/conversation.h"
#include "runtime/task.h"

namespace baton::conversations {

/// What to change of a conversation; what is absent stays.
struct ConversationChange {
    std::optional<std::string> title{};
    std::optional<std::string> context{};
    std::optional<ConversationState> state{};
    std::optional<Level> priority{};
    std::optional<std::string> metadata{};  ///< a JSON object as text; empty: none
    bool changes_expiry = false;            ///< then to `expires_at`
    std::optional<TimePoint> expires_at{};  ///< absent: idle time, as configured
};

/// Changes and ends conversations. A removed one is hidden at once and takes no more messages; it
/// stays as a stone over its messages until `forget`, so that a late write brings nothing back.
class Keeper {
public:
    virtual ~Keeper() = default;

    /// Returns it as it is then. Fails: conversation_not_found, conflict (no legal move of state).
    [[nodiscard]] virtual Task<Result<Conversation>> change(
        ConversationId id, ConversationChange change, TimePoint at) = 0;

    /// Fails: conversation_not_found.
    [[nodiscard]] virtual Task<Result<void>> remove(ConversationId id, TimePoint at) = 0;

    /// Removes conversations whose `expires_at` has come, and such without one that were idle since
    /// before `idle_since`; at most `limit` (1..1,000) of each. How many.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> remove_expired(
        TimePoint now, TimePoint idle_since, std::uint32_t limit) = 0;

    /// Removed conversations behind `after`, in the order of ids, at most `limit`.
    [[nodiscard]] virtual Task<Result<std::vector<ConversationId>>> removed(
        ConversationId after, std::uint32_t limit) = 0;

    /// Messages of it that the queue may have: not completed or cancelled; by id, at most `limit`.
    [[nodiscard]] virtual Task<Result<std::vector<MessageId>>> unfinished_of(
        ConversationId id, std::uint32_t limit) = 0;

    /// Deletes up to `limit` (1..1,000) messages of a removed conversation, with their steps, in
    /// one transaction; the stone too when none is left and it was removed before `stones_before`.
    /// How many messages went.
    [[nodiscard]] virtual Task<Result<std::uint64_t>> purge(
        ConversationId id, std::uint32_t limit, TimePoint stones_before) = 0;

    /// Deletes a finished message with its answer and its steps. Fails: message_not_found, conflict
    /// (it is not finished).
    [[nodiscard]] virtual Task<Result<void>> delete_message(MessageId id) = 0;

    /// failed | timeout → pending; no effect on others. Fails: message_not_found.
    [[nodiscard]] virtual Task<Result<void>> reopen(MessageId id, TimePoint at) = 0;
};

struct UserPage {
    std::vector<User> users{};
    UserId next{};  ///< the `after` of the next page; empty on the last
};

/// Messages a user may send when the record names no limit; 0: any number.
struct QuotaDefaults {
    std::uint32_t messages_per_minute = 0;
    std::uint32_t messages_per_day = 0;
    bool operator==(const QuotaDefaults&) const = default;
};

/// Users, and how much they have sent.
class Users {
public:
    virtual ~Users() = default;

    /// Adds or replaces the record; `created_at` of one that is there stays. Returns it.
    [[nodiscard]] virtual Task<Result<User>> put_user(User user) = 0;
    /// Nothing when there is no record.
    [[nodiscard]] virtual Task<Result<std::optional<User>>> find_user(UserId id) = 0;
    /// In the order of ids, behind `after`; at most `limit` (1..100).
    [[nodiscard]] virtual Task<Result<UserPage>> list_users(UserId after, std::uint32_t limit) = 0;
    /// The record and its counts; messages stay. False: there was none.
    [[nodiscard]] virtual Task<Result<bool>> delete_user(UserId id) = 0;

    /// Counts one message of a user against limits of the minute and of the UTC day (0: none).
    /// Fails: rate_limited with `retry_after` until the window ends; counts nothing then.
    [[nodiscard]] virtual Task<Result<void>> count_message(
        UserId id, QuotaDefaults limits, TimePoint at) = 0;
    /// Forgets counts of days before; at most `limit`.
    [[nodiscard]] virtual Task<Result<void>> forget_counts(
        TimePoint before, std::uint32_t limit) = 0;
};

}  // namespace baton::conversations
