// Conversations and their messages, kept in the relational store. Every write that belongs to a
// queue message is keyed by that message's id and may be repeated: the second time changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conversations/keeping.h"
#include "conversations/run_steps.h"
#include "conversations/search.h"
#include "conversations/summaries.h"
#include "db/database.h"
#include "model/conversation.h"
#include "runtime/task.h"

namespace baton::conversations {

/// A page of a list, newest first or oldest first. By priority, descending is highest first and,
/// inside a level, the oldest first, as the queue serves them.
struct PageRequest {
    std::uint32_t page = 1;        ///< 1..; ignored when `after` is given
    std::uint32_t page_size = 20;  ///< 1..100
    std::string after{};           ///< the `next` of the page before; costs the same at any depth
    enum class Sort : std::uint8_t { created_at, updated_at, priority } sort = Sort::created_at;
    bool descending = true;
};

/// With several filters a page may be short, or empty, and yet have a `next`: then it looked at
/// ListLimits::scan_max messages, and `total` counts those only.
template <class T>
struct Page {
    std::vector<T> items{};
    /// Of the filter, at most ListLimits::total_max; with `after`, when the first page was made.
    std::uint64_t total = 0;
    bool total_is_at_least = false;  ///< there may be more of them: not all were counted
    std::string next{};              ///< empty on the last page
    /// It has fewer than `page_size` because one answer holds no more (base/answer_budget.h);
    /// `next` goes on right behind them.
    bool cut = false;
};

struct ListLimits {
    static constexpr std::uint64_t total_max = 20'000;  ///< no list counts further
    static constexpr std::uint64_t reach_max = 10'000;  ///< rows that `page` reaches
    /// Messages that a page with several filters looks at, of those that the rarest filter finds.
    static constexpr std::uint64_t scan_max = 10'000;
};

struct MessageFilter {
    std::optional<ConversationId> conversation_id{};
    std::optional<UserId> user_id{};
    std::optional<DialogStatus> status{};
    std::optional<Level> priority{};
};

struct ConversationFilter {
    std::optional<UserId> user_id{};
    std::optional<ConversationState> state{};
};

/// How a run ended without an answer.
struct FailedRun {
    MessageId id{};
    DialogStatus status = DialogStatus::failed;  ///< failed | timeout | cancelled
    std::string error{};
    std::uint32_t retry_count = 0;
    TimePoint at{};
};

/// The store. Safe to use from any thread; calls run on threads of its own. Writes are durable on
/// return. Every method fails with storage_full, storage_io or unavailable when the database does.
class Conversations {
public:
    virtual ~Conversations() = default;

    /// Adds the conversation unless its id exists. True when it was added.
    [[nodiscard]] virtual Task<Result<bool>> create(Conversation conversation) = 0;

    /// Fails: conversation_not_found.
    [[nodiscard]] virtual Task<Result<Conversation>> get(ConversationId id) = 0;

    /// Fails: invalid_argument (Error.field: page, page_size, next).
    [[nodiscard]] virtual Task<Result<Page<Conversation>>> list(
        ConversationFilter filter, PageRequest page) = 0;

    /// Adds the user's turn, and its conversation if that is missing, unless the message is known.
    /// True when it was added. Fails: conversation_not_found when that was removed.
    [[nodiscard]] virtual Task<Result<bool>> add_message(DialogMessage message) = 0;

    /// Fails: message_not_found.
    [[nodiscard]] virtual Task<Result<DialogMessage>> get_message(MessageId id) = 0;

    /// Messages of `filter`. Inside one conversation the order of creation is the order of ids.
    /// Fails: invalid_argument (Error.field: page, page_size, next).
    [[nodiscard]] virtual Task<Result<Page<DialogMessage>>> list_messages(
        MessageFilter filter, PageRequest page) = 0;

    /// The last `limit` completed messages of the conversation before `before`, of those the last
    /// that one answer holds (base/answer_budget.h); oldest first.
    [[nodiscard]] virtual Task<Result<std::vector<DialogMessage>>> history(
        ConversationId id, MessageId before, std::uint32_t limit) = 0;
};

/// What the agent's side writes. Same store, same rules.
class DialogWriter {
public:
    virtual ~DialogWriter() = default;

    /// pending → processing, with the number of failed deliveries so far. No effect on a finished
    /// message.
    [[nodiscard]] virtual Task<Result<void>> mark_processing(
        MessageId id, std::uint32_t retry_count, TimePoint at) = 0;

    /// processing → pending: the run failed and will be tried again; `error` says why.
    [[nodiscard]] virtual Task<Result<void>> mark_waiting(
        MessageId id, std::uint32_t retry_count, std::string error, TimePoint at) = 0;

    /// Writes the answer and the completed status in one transaction. No effect when the message is
    /// completed already; then false: the first answer stands. Wins over failed and cancelled.
    /// Fails: message_not_found.
    [[nodiscard]] virtual Task<Result<bool>> complete(MessageId id, DialogReply reply) = 0;

    /// Writes the final status. No effect on a finished message. Fails: invalid_argument (a status
    /// that is no failure).
    [[nodiscard]] virtual Task<Result<void>> fail(FailedRun run) = 0;

    /// Ids of messages that are pending or processing, in the order of ids, after `after`: for the
    /// check at start.
    [[nodiscard]] virtual Task<Result<std::vector<MessageId>>> unfinished(
        std::optional<MessageId> after, std::uint32_t limit) = 0;
};

/// All ports over one database.
struct Store {
    std::unique_ptr<Conversations> conversations{};
    std::unique_ptr<DialogWriter> writer{};
    std::unique_ptr<RunSteps> steps{};
    std::unique_ptr<Keeper> keeper{};
    std::unique_ptr<Users> users{};
    std::unique_ptr<Search> search{};
    std::unique_ptr<Summaries> summaries{};
};

struct StoreConfig {
    std::size_t readers = 2;  ///< connections that read side by side, each with a thread: 1..64
};

/// `database` must outlive the store and have the current schema. One connection more writes.
/// Fails: what connecting fails with.
[[nodiscard]] Result<Store> make_store(db::Database& database, StoreConfig config = {});

}  // namespace baton::conversations
