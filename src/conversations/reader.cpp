#include "conversations/reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "conversations/answer_rows.h"
#include "conversations/rows.h"

namespace baton::conversations {
namespace {

constexpr std::uint32_t limit_max = 10'000;  // rows of one answer
// Forms of a list: 16 filters × 6 orders × page, cursor or count, and fewer of conversations.
constexpr std::size_t statements_max = 512;

const std::string select_conversation = fmt::format(
    "SELECT {} FROM conversations WHERE id = ? AND removed_at IS NULL", conversation_columns);
const std::string select_message =
    fmt::format("SELECT {} FROM dialog_messages WHERE id = ?", message_columns);
std::string history_sql(std::string_view kind) {
    const std::string order = " ORDER BY id DESC";
    return budgeted(kind, {.columns = message_columns,
                              .texts = message_texts,
                              .order = order,
                              .sql = fmt::format("SELECT {} FROM dialog_messages WHERE "
                                                 "conversation_id = ? AND id < ? AND status = 2{} "
                                                 "LIMIT ?",
                                  message_columns, order)});
}
constexpr db::Statement select_unfinished{
    "SELECT id FROM dialog_messages WHERE status < 2 AND id > ? ORDER BY id LIMIT ?"};

constexpr db::Statement select_removed{
    "SELECT id FROM conversations WHERE removed_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?"};
constexpr db::Statement select_unfinished_of{
    "SELECT id FROM dialog_messages WHERE conversation_id = ? AND status IN (0, 1, 3, 4) "
    "ORDER BY id LIMIT ?"};
const std::string select_user = fmt::format("SELECT {} FROM users WHERE id = ?", user_columns);
const std::string select_users =
    fmt::format("SELECT {} FROM users WHERE id > ? ORDER BY id LIMIT ?", user_columns);

constexpr db::Statement select_summary{
    "SELECT upto, content, model, input_tokens, output_tokens, created_at "
    "FROM conversation_summaries WHERE conversation_id = ? AND upto < ? ORDER BY upto DESC "
    "LIMIT 1"};

constexpr db::Statement select_steps{
    "SELECT number, kind, content, began_at, ended_at FROM run_steps WHERE message_id = ? "
    "ORDER BY number"};

constexpr std::string_view step_columns = "number, kind, content, began_at, ended_at";
std::string steps_behind_sql(std::string_view kind) {
    const std::string order = " ORDER BY number";
    return budgeted(kind, {.columns = step_columns,
                              .texts = "content",
                              .order = order,
                              .sql = fmt::format("SELECT {} FROM run_steps WHERE message_id = ? "
                                                 "AND number > ?{} LIMIT ?",
                                  step_columns, order)});
}
constexpr db::Statement select_answer_before{
    "SELECT number, kind, content, began_at, ended_at FROM run_steps WHERE message_id = ? "
    "AND number < ? AND kind = 0 ORDER BY number DESC LIMIT 1"};

db::Value as_value(const std::variant<std::int64_t, std::string>& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    return std::string_view(*std::get_if<std::string>(&value));
}

std::vector<db::Value> values_of(
    const std::vector<std::variant<std::int64_t, std::string>>& values) {
    std::vector<db::Value> all;
    for (const auto& value : values) all.push_back(as_value(value));
    return all;
}

/// Rows of an answer, until `take(row, value)` says no or one cannot be read.
template <class T, class Take>
Result<void> read_rows(db::Connection& connection, const db::Statement& statement,
    std::span<const db::Value> values, Result<T> (*read)(const db::Row&), const Take& take) {
    Result<void> readable;
    BATON_TRY_VOID(connection.execute(statement, values, [&](const db::Row& row) {
        auto value = read(row);
        if (value) return take(row, *std::move(value));
        readable = fail(std::move(value).error());
        return false;
    }));
    return readable;
}

/// All rows of an answer.
template <class T>
Result<std::vector<T>> rows_of(db::Connection& connection, const db::Statement& statement,
    std::span<const db::Value> values, Result<T> (*read)(const db::Row&)) {
    std::vector<T> rows;
    BATON_TRY_VOID(read_rows(connection, statement, values, read, [&](const db::Row&, T value) {
        rows.push_back(std::move(value));
        return true;
    }));
    return rows;
}

Result<MessageId> id_of(const db::Row& row) { return MessageId::parse(row.text(0)); }

Result<ConversationId> conversation_id_of(const db::Row& row) {
    return ConversationId(std::string(row.text(0)));
}

std::int64_t key_of(const DialogMessage& message, std::string_view column) {
    if (column == "created_at") return to_unix_ms(message.created_at);
    if (column == "updated_at") return to_unix_ms(message.updated_at);
    return column == "priority" ? static_cast<std::int64_t>(message.priority) : 0;
}
std::int64_t key_of(const Conversation& conversation, std::string_view column) {
    if (column == "created_at") return to_unix_ms(conversation.created_at);
    if (column == "updated_at") return to_unix_ms(conversation.updated_at);
    return static_cast<std::int64_t>(conversation.priority);
}
std::string id_text(const DialogMessage& message) { return message.id.text(); }
std::string id_text(const Conversation& conversation) { return conversation.id.text; }

}  // namespace

Reader::Reader(std::unique_ptr<db::Connection> connection, std::string_view kind)
    : connection_(std::move(connection)), kind_(kind) {}

const db::Statement& Reader::statement(const std::string& sql) {
    if (statements_.size() >= statements_max && !statements_.contains(sql)) statements_.clear();
    const auto [place, added] = statements_.try_emplace(sql);
    if (added) place->second.sql = place->first;
    return place->second;
}

template <class T>
Result<Page<T>> Reader::page_of(const ListQuery& query, Result<T> (*read)(const db::Row&)) {
    Page<T> page{.items = {},
        .total = query.total,
        .total_is_at_least = query.total_is_at_least,
        .next = {}};
    if (!query.count_sql.empty()) {
        BATON_TRY(const auto total, number(query.count_sql, values_of(query.count_values)));
        page.total = static_cast<std::uint64_t>(total);
        page.total_is_at_least = query.end.has_value() || page.total >= ListLimits::total_max;
    }
    bool goes_on = false;
    RowBudget budget(kind_, query.columns);
    BATON_TRY_VOID(read_rows(*connection_, statement(query.page_sql), values_of(query.page_values),
        read, [&](const db::Row& row, T value) {
            const bool is_full = page.items.size() == query.page_size;
            page.cut = !is_full && !budget.take(row, value);
            goes_on = is_full || page.cut;
            if (!goes_on) page.items.push_back(std::move(value));
            return !goes_on;
        }));
    const auto place = [&](std::int64_t key, const std::string& id) {
        return Cursor{
            .key = key, .total = page.total, .total_is_at_least = page.total_is_at_least, .id = id};
    };
    if (goes_on) {
        const T& last = page.items.back();
        page.next = to_text(place(key_of(last, query.key_column), id_text(last)), query.scope);
    } else if (query.end) {
        page.next = to_text(place(query.end->key, query.end->id), query.scope);
    }
    return page;
}

Result<std::int64_t> Reader::number(const std::string& sql, std::span<const db::Value> values) {
    std::int64_t number = 0;
    BATON_TRY_VOID(connection_->execute(statement(sql), values, [&](const db::Row& row) {
        number = row.integer(0);
        return false;
    }));
    return number;
}

/// The rarest condition leads; when it finds more than a page may look at, the page ends early.
Result<ListPlan> Reader::plan_of(const MessageFilter& filter, const PageRequest& page) {
    ListPlan plan{.kind = kind_};
    const auto conditions = conditions_of(filter);
    if (conditions.size() < 2) return plan;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < conditions.size(); ++i) {
        const std::array<db::Value, 1> values{as_value(conditions[i].value)};
        BATON_TRY(const auto found, number(probe_sql(conditions[i].column), values));
        if (found >= least) continue;
        least = found;
        plan.leading = i;
    }
    if (std::cmp_less_equal(least, ListLimits::scan_max)) return plan;
    BATON_TRY(const auto query, messages_query(filter, page, plan));
    BATON_TRY_VOID(connection_->execute(
        statement(query.end_sql), values_of(query.end_values), [&](const db::Row& row) {
            plan.end = Cursor{.key = row.integer(0), .id = std::string(row.text(1))};
            return false;
        }));
    return plan;
}

Result<Conversation> Reader::get(const ConversationId& id) {
    const std::array<db::Value, 1> values{id.view()};
    BATON_TRY(
        auto rows, rows_of(*connection_, statement(select_conversation), values, conversation_of));
    if (rows.empty()) return fail(Errc::conversation_not_found, "no such conversation");
    return std::move(rows.front());
}

Result<DialogMessage> Reader::get_message(MessageId id) {
    const std::string text = id.text();
    const std::array<db::Value, 1> values{std::string_view(text)};
    BATON_TRY(auto rows, rows_of(*connection_, statement(select_message), values, message_of));
    if (rows.empty()) return fail(Errc::message_not_found, fmt::format("no message {}", text));
    return std::move(rows.front());
}

Result<Page<Conversation>> Reader::list(const ConversationFilter& filter, const PageRequest& page) {
    BATON_TRY(const auto query, conversations_query(filter, page, kind_));
    return page_of(query, conversation_of);
}

Result<Page<DialogMessage>> Reader::list_messages(
    const MessageFilter& filter, const PageRequest& page) {
    BATON_TRY(const auto plan, plan_of(filter, page));
    BATON_TRY(const auto query, messages_query(filter, page, plan));
    return page_of(query, message_of);
}

Result<std::vector<DialogMessage>> Reader::history(
    const ConversationId& id, MessageId before, std::uint32_t limit) {
    const std::string before_text = before.text();
    const std::array<db::Value, 3> values{
        id.view(), std::string_view(before_text), std::int64_t{std::min(limit, limit_max)}};
    std::vector<DialogMessage> turns;
    RowBudget budget(kind_, message_columns);
    BATON_TRY_VOID(read_rows(*connection_, statement(history_sql(kind_)), values, message_of,
        [&](const db::Row& row, DialogMessage turn) {
            const bool is_in = budget.take(row, turn);
            if (is_in) turns.push_back(std::move(turn));
            return is_in;
        }));
    std::ranges::reverse(turns);
    return turns;
}

Result<std::vector<MessageId>> Reader::unfinished(
    std::optional<MessageId> after, std::uint32_t limit) {
    const std::string after_text = after ? after->text() : std::string();
    const std::array<db::Value, 2> values{
        std::string_view(after_text), std::int64_t{std::min(limit, limit_max)}};
    return rows_of(*connection_, select_unfinished, values, id_of);
}

Result<std::vector<ConversationId>> Reader::removed(
    const ConversationId& after, std::uint32_t limit) {
    const std::array<db::Value, 2> values{after.view(), std::int64_t{std::min(limit, limit_max)}};
    return rows_of(*connection_, select_removed, values, conversation_id_of);
}

Result<std::vector<MessageId>> Reader::unfinished_of(
    const ConversationId& id, std::uint32_t limit) {
    const std::array<db::Value, 2> values{id.view(), std::int64_t{std::min(limit, limit_max)}};
    return rows_of(*connection_, select_unfinished_of, values, id_of);
}

Result<std::optional<User>> Reader::find_user(const UserId& id) {
    const std::array<db::Value, 1> values{id.view()};
    BATON_TRY(auto rows, rows_of(*connection_, statement(select_user), values, user_of));
    if (rows.empty()) return std::optional<User>();
    return std::optional<User>(std::move(rows.front()));
}

Result<UserPage> Reader::list_users(const UserId& after, std::uint32_t limit) {
    const std::array<db::Value, 2> values{after.view(), std::int64_t{limit} + 1};
    UserPage page;
    AnswerBudget budget;
    BATON_TRY_VOID(read_rows(
        *connection_, statement(select_users), values, user_of, [&](const db::Row&, User user) {
            if (page.users.size() == limit || !budget.take(answer_bytes(user))) {
                page.next = page.users.back().id;
                return false;
            }
            page.users.push_back(std::move(user));
            return true;
        }));
    return page;
}

Result<std::vector<RunStep>> Reader::steps(MessageId id) {
    const std::string id_text = id.text();
    const std::array<db::Value, 1> values{std::string_view(id_text)};
    return rows_of(*connection_, select_steps, values, step_of);
}

Result<StepPage> Reader::step_page(
    MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit) {
    const std::string id_text = id.text();
    const std::array<db::Value, 3> values{std::string_view(id_text),
        after ? std::int64_t{*after} : std::int64_t{-1}, std::int64_t{limit} + 1};
    StepPage page;
    RowBudget budget(kind_, step_columns);
    BATON_TRY_VOID(read_rows(*connection_, statement(steps_behind_sql(kind_)), values, step_of,
        [&](const db::Row& row, RunStep step) {
            if (page.steps.size() == limit || !budget.take(row, step)) {
                page.next = page.steps.back().number;
                return false;
            }
            page.steps.push_back(std::move(step));
            return true;
        }));
    if (page.steps.empty() || page.steps.front().kind == StepKind::model) return page;
    const std::array<db::Value, 2> before{
        std::string_view(id_text), std::int64_t{page.steps.front().number}};
    BATON_TRY(auto answers, rows_of(*connection_, select_answer_before, before, step_of));
    if (!answers.empty()) page.asked = std::move(answers.front());
    return page;
}

Result<std::optional<Summary>> Reader::summary(const ConversationId& id, MessageId before) {
    const std::string before_text = before.text();
    const std::array<db::Value, 2> values{id.view(), std::string_view(before_text)};
    BATON_TRY(auto rows, rows_of(*connection_, select_summary, values, summary_of));
    if (rows.empty()) return std::optional<Summary>();
    rows.front().conversation_id = id;
    return std::optional<Summary>(std::move(rows.front()));
}

}  // namespace baton::conversations
