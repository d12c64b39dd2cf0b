// What rows weigh in an answer (base/answer_budget.h): as values, and in SQL where it is the
// database that has to stop.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/answer_budget.h"
#include "conversations/run_steps.h"
#include "db/database.h"
#include "model/conversation.h"

namespace baton::conversations {

[[nodiscard]] std::uint64_t answer_bytes(const Conversation& conversation) noexcept;
[[nodiscard]] std::uint64_t answer_bytes(const DialogMessage& message) noexcept;
[[nodiscard]] std::uint64_t answer_bytes(const User& user) noexcept;
[[nodiscard]] std::uint64_t answer_bytes(const RunStep& step) noexcept;

/// A statement that reads rows for one answer.
struct AnswerSql {
    std::string_view columns{};  ///< what it selects
    std::string_view texts{};    ///< those that count, as answer_bytes does: "title, context"
    std::string order{};         ///< " ORDER BY …" of some of the columns
    std::string sql{};
};
inline constexpr std::string_view conversation_texts = "title, context, metadata";
inline constexpr std::string_view message_texts = "content, reply_content, metadata, error";

/// SQLite makes rows as they are asked for: its `sql` stays. PostgreSQL sends all rows of a
/// statement before the first can be looked at: so it is asked for those that an answer holds and
/// one more, and says behind the columns what each weighs; to know that it reads no long text.
[[nodiscard]] std::string budgeted(std::string_view kind, const AnswerSql& answer);

/// The budget of the rows that a `budgeted` statement brings.
class RowBudget final {
public:
    /// Both as given to `budgeted`.
    RowBudget(std::string_view kind, std::string_view columns) noexcept;

    /// What a row weighs, of which `value` was read.
    template <class T>
    [[nodiscard]] std::uint64_t weigh(const db::Row& row, const T& value) const {
        return column_ == 0 ? answer_bytes(value)
                            : static_cast<std::uint64_t>(row.integer(column_));
    }
    /// Whether the answer holds one more.
    template <class T>
    [[nodiscard]] bool take(const db::Row& row, const T& value) {
        return budget_.take(weigh(row, value));
    }

private:
    AnswerBudget budget_;
    int column_ = 0;  ///< that says what a row weighs; 0: none does
};

}  // namespace baton::conversations
