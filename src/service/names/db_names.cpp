#include "service/names/db_names.h"

#include <array>
#include <cstddef>
#include <functional>
#include <utility>

#include "conversations/group_writer.h"
#include "runtime/blocking_pool.h"

namespace baton::service {
namespace {

constexpr db::Statement upsert{
    "INSERT INTO message_names (name, message_id, written_at) VALUES (?, ?, ?) ON CONFLICT (name) "
    "DO UPDATE SET message_id = excluded.message_id, written_at = excluded.written_at"};
constexpr db::Statement select_one{
    "SELECT message_id FROM message_names WHERE name = ? AND written_at >= ?"};
constexpr db::Statement prune{
    "DELETE FROM message_names WHERE name IN (SELECT name FROM message_names WHERE written_at < ? "
    "ORDER BY written_at LIMIT ?)"};

Result<void> write(
    db::Connection& connection, const std::vector<NamedMessage>& messages, TimePoint now) {
    for (const auto& message : messages) {
        const std::string id = message.message.text();
        const std::array<db::Value, 3> values{
            std::string_view(message.name), std::string_view(id), to_unix_ms(now)};
        BATON_TRY_VOID(connection.execute(upsert, values));
    }
    // As many go as come and one more, so that no call pays for the past at once.
    const std::array<db::Value, 2> old{
        to_unix_ms(now - MessageNames::kept_for), static_cast<std::int64_t>(messages.size() + 1)};
    BATON_TRY_VOID(connection.execute(prune, old));
    return {};
}

class DbNames final : public MessageNames {
public:
    DbNames(std::unique_ptr<db::Connection> writer, std::unique_ptr<db::Connection> reader,
        const Clock& clock)
        : clock_(clock), reader_(std::move(reader)), writer_(std::move(writer)) {}

    Task<Result<void>> remember(std::vector<NamedMessage> messages) override {
        std::function<Result<void>(db::Connection&)> body =
            [messages = std::move(messages), now = clock_.now()](
                db::Connection& connection) { return write(connection, messages, now); };
        return writer_.run<void>(std::move(body));
    }

    Task<Result<std::optional<MessageId>>> find(std::string name) override {
        return reading_.run([this, name = std::move(name), now = clock_.now()] {
            return read(name, now - kept_for);
        });
    }

private:
    Result<std::optional<MessageId>> read(std::string_view name, TimePoint oldest) {
        Result<std::optional<MessageId>> found;
        const std::array<db::Value, 2> values{name, to_unix_ms(oldest)};
        BATON_TRY_VOID(reader_->execute(select_one, values, [&](const db::Row& row) {
            const auto id = MessageId::parse(row.text(0));
            found = id ? Result<std::optional<MessageId>>(*id)
                       : fail(Errc::storage_corrupt, "a row of message_names holds no message id");
            return false;
        }));
        return found;
    }

    const Clock& clock_;
    std::unique_ptr<db::Connection> reader_;
    conversations::GroupWriter writer_;
    BlockingPool reading_{1};  // last: its calls use the rest
};

}  // namespace

Result<std::unique_ptr<MessageNames>> make_db_names(db::Database& database, const Clock& clock) {
    BATON_TRY(auto writer, database.connect());
    BATON_TRY(auto reader, database.connect());
    return std::make_unique<DbNames>(std::move(writer), std::move(reader), clock);
}

}  // namespace baton::service
