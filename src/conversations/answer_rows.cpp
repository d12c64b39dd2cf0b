#include "conversations/answer_rows.h"

#include <algorithm>

#include <fmt/core.h>

namespace baton::conversations {
namespace {

constexpr std::string_view postgres = "postgres";

/// "a, b" as the sum of their bytes.
std::string weight_of(std::string_view texts) {
    std::string sum;
    while (!texts.empty()) {
        const auto end = std::min(texts.find(", "), texts.size());
        sum += fmt::format(
            "{}coalesce(octet_length({}), 0)", sum.empty() ? "" : " + ", texts.substr(0, end));
        texts.remove_prefix(std::min(end + 2, texts.size()));
    }
    return sum;
}

}  // namespace

std::uint64_t answer_bytes(const Conversation& conversation) noexcept {
    return conversation.title.size() + conversation.context.size() + conversation.metadata.size();
}
std::uint64_t answer_bytes(const DialogMessage& message) noexcept {
    const std::size_t reply = message.reply ? message.reply->content.size() : 0;
    return message.content.size() + reply + message.metadata.size() + message.error.size();
}
std::uint64_t answer_bytes(const User& user) noexcept { return user.metadata.size(); }
std::uint64_t answer_bytes(const RunStep& step) noexcept { return step.content.size(); }

std::string budgeted(std::string_view kind, const AnswerSql& answer) {
    if (kind != postgres) return answer.sql;
    // By what comes before it, so that the row that goes beyond still comes and shows that there is
    // more; the second always may be that one.
    return fmt::format(
        "SELECT {0}, weight FROM (SELECT *, coalesce(sum(weight) OVER earlier, 0) AS bytes_before, "
        "count(*) OVER earlier AS rows_before "
        "FROM (SELECT *, {2} AS weight FROM ({3}) AS page) AS weighed "
        "WINDOW earlier AS ({1} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS summed "
        "WHERE bytes_before <= {4} OR rows_before < 2{1}",
        answer.columns, answer.order, weight_of(answer.texts), answer.sql, AnswerBudget::bytes_max);
}

RowBudget::RowBudget(std::string_view kind, std::string_view columns) noexcept {
    if (kind == postgres) column_ = 1 + static_cast<int>(std::ranges::count(columns, ','));
}

}  // namespace baton::conversations
