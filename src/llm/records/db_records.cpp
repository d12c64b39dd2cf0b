#include "llm/records/db_records.h"

#include <array>
#include <utility>

#include "runtime/blocking_pool.h"

namespace baton::llm {
namespace {

constexpr db::Statement select_all{
    "SELECT scope, name, cools_until, cool_reason, day, cost FROM llm_pool ORDER BY scope, name"};
constexpr db::Statement upsert{
    "INSERT INTO llm_pool (scope, name, cools_until, cool_reason, day, cost) VALUES (?, ?, ?, ?, "
    "?, ?) ON CONFLICT (scope, name) DO UPDATE SET cools_until = excluded.cools_until, cool_reason "
    "= excluded.cool_reason, day = excluded.day, cost = excluded.cost"};

PoolRecord record_of(const db::Row& row) {
    return {.scope = static_cast<RecordScope>(row.integer(0)),
        .name = std::string(row.text(1)),
        .cools_until = row.is_null(2) ? TimePoint{} : from_unix_ms(row.integer(2)),
        .cool_reason = std::string(row.text(3)),
        .day = from_unix_ms(row.integer(4)),
        .cost = row.real(5)};
}

Result<void> write(db::Connection& connection, const PoolRecord& record) {
    db::Value until;
    if (record.cools_until != TimePoint{}) until = to_unix_ms(record.cools_until);
    const std::array<db::Value, 6> values{static_cast<std::int64_t>(record.scope),
        std::string_view(record.name), until, std::string_view(record.cool_reason),
        to_unix_ms(record.day), record.cost};
    BATON_TRY_VOID(connection.execute(upsert, values));
    return {};
}

class DbRecords final : public PoolRecords {
public:
    explicit DbRecords(std::unique_ptr<db::Connection> connection)
        : connection_(std::move(connection)) {}

    Result<std::vector<PoolRecord>> load() override {
        std::vector<PoolRecord> records;
        const db::RowSink keep = [&records](const db::Row& row) {
            records.push_back(record_of(row));
            return true;
        };
        BATON_TRY_VOID(connection_->execute(select_all, {}, keep));
        return records;
    }

    Task<Result<void>> save(std::vector<PoolRecord> records) override {
        return writer_.run([this, records = std::move(records)]() -> Result<void> {
            return db::in_transaction(*connection_, [&]() -> Result<void> {
                for (const auto& record : records) {
                    BATON_TRY_VOID(write(*connection_, record));
                }
                return {};
            });
        });
    }

private:
    std::unique_ptr<db::Connection> connection_;  // `load` uses it before the first `save`
    BlockingPool writer_{1};                      // last: its calls use the connection
};

}  // namespace

Result<std::unique_ptr<PoolRecords>> make_db_records(db::Database& database) {
    BATON_TRY(auto connection, database.connect());
    return std::make_unique<DbRecords>(std::move(connection));
}

}  // namespace baton::llm
