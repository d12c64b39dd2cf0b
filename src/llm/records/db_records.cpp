#include "llm/records/db_records.h"

#include <array>
#include <chrono>
#include <utility>

#include "runtime/blocking_pool.h"

namespace baton::llm {
namespace {

constexpr db::Statement select_cooldowns{
    "SELECT name, cools_until, cool_reason FROM llm_pool WHERE scope = 0 ORDER BY name"};
constexpr db::Statement upsert_cooldown{
    "INSERT INTO llm_pool (scope, name, cools_until, cool_reason) VALUES (0, ?, ?, ?) ON CONFLICT "
    "(scope, name) DO UPDATE SET cools_until = excluded.cools_until, cool_reason = "
    "excluded.cool_reason"};
constexpr db::Statement select_sums{
    "SELECT scope, name, SUM(spent), SUM(claim) FROM llm_spending WHERE day = ? GROUP BY scope, "
    "name ORDER BY scope, name"};
constexpr db::Statement select_elsewhere{
    "SELECT COALESCE(SUM(spent), 0), COALESCE(SUM(claim), 0) FROM llm_spending WHERE day = ? AND "
    "scope = ? AND name = ? AND spender <> ?"};
constexpr db::Statement upsert_claim{
    "INSERT INTO llm_spending (day, scope, name, spender, spent, claim) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (day, scope, name, spender) DO UPDATE SET spent = excluded.spent, claim = "
    "excluded.claim"};
/// Of the newest days nothing goes, whatever a clock that is ahead takes for old.
constexpr db::Statement delete_old{
    "DELETE FROM llm_spending WHERE day < ? AND day < (SELECT MIN(day) FROM (SELECT DISTINCT day "
    "FROM llm_spending ORDER BY day DESC LIMIT 9) AS newest)"};

/// Of days that are over only people want to know, and clocks that are set back.
constexpr std::chrono::days kept{8};

CooldownRecord cooldown_of(const db::Row& row) {
    return {.endpoint = std::string(row.text(0)),
        .until = row.is_null(1) ? TimePoint{} : from_unix_ms(row.integer(1)),
        .reason = std::string(row.text(2))};
}

Result<void> write(db::Connection& connection, const CooldownRecord& record) {
    db::Value until;
    if (record.until != TimePoint{}) until = to_unix_ms(record.until);
    const std::array<db::Value, 3> values{
        std::string_view(record.endpoint), until, std::string_view(record.reason)};
    BATON_TRY_VOID(connection.execute(upsert_cooldown, values));
    return {};
}

class DbRecords final : public PoolRecords {
public:
    DbRecords(std::unique_ptr<db::Connection> connection, std::string spender)
        : connection_(std::move(connection)), spender_(std::move(spender)) {}

    Result<std::vector<CooldownRecord>> cooldowns() override {
        std::vector<CooldownRecord> records;
        const db::RowSink keep = [&records](const db::Row& row) {
            records.push_back(cooldown_of(row));
            return true;
        };
        BATON_TRY_VOID(connection_->execute(select_cooldowns, {}, keep));
        return records;
    }

    Result<std::vector<PurseSum>> sums(TimePoint day) override {
        std::vector<PurseSum> sums;
        const db::RowSink keep = [&sums](const db::Row& row) {
            sums.push_back({.owner = {.scope = static_cast<PurseScope>(row.integer(0)),
                                .name = std::string(row.text(1))},
                .spent = row.real(2),
                .claimed = row.real(3)});
            return true;
        };
        const std::array<db::Value, 1> values{to_unix_ms(day)};
        BATON_TRY_VOID(connection_->execute(select_sums, values, keep));
        return sums;
    }

    Task<Result<void>> save(std::vector<CooldownRecord> cooldowns) override {
        return writer_.run([this, cooldowns = std::move(cooldowns)]() -> Result<void> {
            return db::in_transaction(*connection_, [&]() -> Result<void> {
                for (const auto& record : cooldowns) {
                    BATON_TRY_VOID(write(*connection_, record));
                }
                return {};
            });
        });
    }

    Task<Result<std::vector<PurseGrant>>> claim(std::vector<NamedClaim> claims) override {
        return writer_.run([this, claims = std::move(claims)]() -> Result<std::vector<PurseGrant>> {
            std::vector<PurseGrant> grants;
            BATON_TRY_VOID(db::in_transaction(*connection_, [&]() -> Result<void> {
                grants.clear();
                for (const auto& named : claims) {
                    BATON_TRY(const auto grant, grant_one(named));
                    grants.push_back(grant);
                }
                return forget(claims.front().claim.day);
            }));
            return grants;
        });
    }

private:
    Result<PurseGrant> grant_one(const NamedClaim& named) {
        const auto& claim = named.claim;
        const auto day = to_unix_ms(claim.day);
        const auto scope = static_cast<std::int64_t>(named.owner.scope);
        const std::string_view name = named.owner.name;
        PurseGrant grant;
        const std::array<db::Value, 4> owner{day, scope, name, std::string_view(spender_)};
        const db::RowSink add = [&grant](const db::Row& row) {
            grant.elsewhere_spent = row.real(0);
            grant.elsewhere_claimed = row.real(1);
            return true;
        };
        BATON_TRY_VOID(connection_->execute(select_elsewhere, owner, add));
        grant.claim = grant_of(claim, grant.elsewhere_claimed);
        const std::array<db::Value, 6> row{
            day, scope, name, std::string_view(spender_), claim.spent, grant.claim};
        BATON_TRY_VOID(connection_->execute(upsert_claim, row));
        return grant;
    }

    /// Once a day.
    Result<void> forget(TimePoint today) {
        if (today <= forgot_on_) return {};
        const std::array<db::Value, 1> values{to_unix_ms(today - kept)};
        BATON_TRY_VOID(connection_->execute(delete_old, values));
        forgot_on_ = today;
        return {};
    }

    std::unique_ptr<db::Connection> connection_;  // what is for the start uses it before the writer
    const std::string spender_;
    TimePoint forgot_on_{};
    BlockingPool writer_{1};  // last: its calls use the rest
};

}  // namespace

Result<std::unique_ptr<PoolRecords>> make_db_records(db::Database& database, std::string spender) {
    BATON_TRY(auto connection, database.connect());
    return std::make_unique<DbRecords>(std::move(connection), std::move(spender));
}

}  // namespace baton::llm
