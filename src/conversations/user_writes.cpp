// Users' records and counts.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <fmt/core.h>

#include "conversations/keeping_writes.h"
#include "conversations/rows.h"

namespace baton::conversations {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 86'400'000;

constexpr db::Statement upsert_user{
    "INSERT INTO users (id, tier, messages_per_minute, messages_per_day, metadata, created_at, "
    "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET tier = excluded.tier, "
    "messages_per_minute = excluded.messages_per_minute, "
    "messages_per_day = excluded.messages_per_day, metadata = excluded.metadata, "
    "updated_at = excluded.updated_at"};
constexpr db::Statement select_created{"SELECT created_at FROM users WHERE id = ?"};
constexpr db::Statement delete_record{"DELETE FROM users WHERE id = ?"};
constexpr db::Statement delete_counts{"DELETE FROM user_usage WHERE user_id = ?"};
constexpr db::Statement select_counts{
    "SELECT minute_start, minute_count, day_start, day_count FROM user_usage WHERE user_id = ?"};
constexpr db::Statement upsert_counts{
    "INSERT INTO user_usage (user_id, minute_start, minute_count, day_start, day_count) "
    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET "
    "minute_start = excluded.minute_start, minute_count = excluded.minute_count, "
    "day_start = excluded.day_start, day_count = excluded.day_count"};
constexpr db::Statement delete_old_counts{
    "DELETE FROM user_usage WHERE user_id IN "
    "(SELECT user_id FROM user_usage WHERE day_start < ? LIMIT ?)"};

db::Value limit_or_null(const std::optional<std::uint32_t>& limit) {
    return limit ? db::Value(std::int64_t{*limit}) : db::Value();
}

/// One window of fixed length and how much of it is used.
struct Window {
    std::int64_t length;
    std::int64_t start = 0;
    std::int64_t count = 0;

    void move_to(std::int64_t now) {
        const std::int64_t begin = now - now % length;
        if (begin == start) return;
        start = begin;
        count = 0;
    }
    [[nodiscard]] Result<void> take(std::uint32_t limit, std::int64_t now, std::string_view name) {
        if (limit != 0 && count >= std::int64_t{limit}) {
            Error error{.code = Errc::rate_limited,
                .detail = fmt::format("the user may send {} messages a {}", limit, name),
                .retry_after = Duration(start + length - now)};
            return fail(std::move(error));
        }
        ++count;
        return {};
    }
};

}  // namespace

Result<User> put_user(db::Connection& connection, User user) {
    const std::array<db::Value, 1> key{user.id.view()};
    BATON_TRY_VOID(connection.execute(select_created, key, [&](const db::Row& row) {
        user.created_at = from_unix_ms(row.integer(0));
        return false;
    }));
    const std::array<db::Value, 7> values{user.id.view(), std::string_view(user.tier),
        limit_or_null(user.messages_per_minute), limit_or_null(user.messages_per_day),
        std::string_view(user.metadata), to_unix_ms(user.created_at), to_unix_ms(user.updated_at)};
    BATON_TRY_VOID(connection.execute(upsert_user, values));
    return user;
}

Result<bool> delete_user(db::Connection& connection, const UserId& id) {
    const std::array<db::Value, 1> key{id.view()};
    BATON_TRY(const auto deleted, connection.execute(delete_record, key));
    BATON_TRY_VOID(connection.execute(delete_counts, key));
    return deleted != 0;
}

Result<void> count_message(
    db::Connection& connection, const UserId& id, const QuotaDefaults& limits, TimePoint at) {
    Window minute{.length = minute_ms};
    Window day{.length = day_ms};
    const std::array<db::Value, 1> key{id.view()};
    BATON_TRY_VOID(connection.execute(select_counts, key, [&](const db::Row& row) {
        minute = {minute_ms, row.integer(0), row.integer(1)};
        day = {day_ms, row.integer(2), row.integer(3)};
        return false;
    }));
    const std::int64_t now = to_unix_ms(at);
    minute.move_to(now);
    day.move_to(now);
    BATON_TRY_VOID(day.take(limits.messages_per_day, now, "day"));
    BATON_TRY_VOID(minute.take(limits.messages_per_minute, now, "minute"));
    const std::array<db::Value, 5> values{
        id.view(), minute.start, minute.count, day.start, day.count};
    BATON_TRY_VOID(connection.execute(upsert_counts, values));
    return {};
}

Result<void> forget_counts(db::Connection& connection, TimePoint before, std::uint32_t limit) {
    const std::array<db::Value, 2> values{to_unix_ms(before), std::int64_t{limit}};
    BATON_TRY_VOID(connection.execute(delete_old_counts, values));
    return {};
}

}  // namespace baton::conversations
