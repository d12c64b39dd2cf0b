#include <array>
#include <thread>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "llm/records/db_records.h"
#include "runtime/io_pool.h"
#include "support/test_database.h"

namespace baton::llm {
namespace {

const TimePoint day = from_unix_ms(1'767'225'600'000);

class DbRecordsTest : public testing::TestWithParam<test::DatabaseKind> {
protected:
    void SetUp() override { database.migrate(); }
    std::unique_ptr<PoolRecords> open(const std::string& spender = "one") {
        auto records = make_db_records(*database, spender);
        EXPECT_TRUE(records);
        return *std::move(records);
    }
    PurseGrant claim(PoolRecords& records, const PurseName& owner, const PurseClaim& claim) {
        const auto granted = io.run(records.claim({{.owner = owner, .claim = claim}}));
        EXPECT_TRUE(granted) << to_string(granted.error());
        return granted ? granted->front() : PurseGrant();
    }

    test::TestDatabase database{GetParam()};
    IoPool io{1};
    const PurseName acme{PurseScope::tenant, "acme"};
};

TEST_P(DbRecordsTest, keeps_the_latest_cooldown_of_each_endpoint) {
    CooldownRecord cooled{
        .endpoint = "main", .until = day + std::chrono::seconds(7), .reason = "HTTP 429"};
    const CooldownRecord other{.endpoint = "other"};
    ASSERT_TRUE(io.run(open()->save({cooled, other})));
    EXPECT_EQ(open()->cooldowns(), (std::vector<CooldownRecord>{cooled, other}));
    cooled.until = {};
    ASSERT_TRUE(io.run(open()->save({cooled})));
    EXPECT_EQ(open()->cooldowns(), (std::vector<CooldownRecord>{cooled, other}));
}

TEST_P(DbRecordsTest, new_database_has_none) {
    EXPECT_EQ(open()->cooldowns(), std::vector<CooldownRecord>());
    EXPECT_EQ(open()->sums(day), std::vector<PurseSum>());
}

TEST_P(DbRecordsTest, a_claim_gets_what_others_have_left_and_takes_the_place_of_the_one_before) {
    const auto one = open("one");
    const auto other = open("other");
    EXPECT_EQ(claim(*one, acme, {.day = day, .limit = 10, .spent = 1, .claim = 7}),
        (PurseGrant{.claim = 7}));
    EXPECT_EQ(claim(*other, acme, {.day = day, .limit = 10, .spent = 0.1, .claim = 7}),
        (PurseGrant{.claim = 3, .elsewhere_spent = 1, .elsewhere_claimed = 7}));
    EXPECT_EQ(claim(*one, acme, {.day = day, .limit = 10, .spent = 2, .claim = 2}),
        (PurseGrant{.claim = 2, .elsewhere_spent = 0.1, .elsewhere_claimed = 3}));
    EXPECT_EQ(
        open()->sums(day), (std::vector<PurseSum>{{.owner = acme, .spent = 2.1, .claimed = 5}}));
}

TEST_P(DbRecordsTest, owners_and_days_have_each_their_own) {
    const auto one = open("one");
    const auto other = open("other");
    claim(*one, acme, {.day = day, .limit = 10, .claim = 10});
    const PurseClaim all{.day = day, .limit = 10, .claim = 10};
    EXPECT_EQ(claim(*other, {PurseScope::tenant, "Acme"}, all).claim, 10);
    EXPECT_EQ(claim(*other, {PurseScope::model, "acme"}, all).claim, 10);
    auto tomorrow = all;
    tomorrow.day += std::chrono::days(1);
    EXPECT_EQ(claim(*other, acme, tomorrow).claim, 10);
    EXPECT_EQ(claim(*other, acme, all).claim, 0);
}

TEST_P(DbRecordsTest, days_that_are_long_over_are_forgotten) {
    const auto records = open();
    const auto claim_on = [&](int number) {
        claim(*records, acme, {.day = day + std::chrono::days(number), .spent = 1, .claim = 1});
    };
    for (int number = 0; number <= 8; ++number) claim_on(number);
    EXPECT_EQ(records->sums(day).value().size(), 1U);
    claim_on(9);
    EXPECT_EQ(records->sums(day).value().size(), 0U);
    EXPECT_EQ(records->sums(day + std::chrono::days(1)).value().size(), 1U);
}

TEST_P(DbRecordsTest, a_clock_that_is_ahead_forgets_nothing_of_the_others) {
    claim(*open("one"), acme, {.day = day, .spent = 1, .claim = 1});
    claim(*open("ahead"), acme, {.day = day + std::chrono::days(400), .spent = 1, .claim = 1});
    EXPECT_EQ(open()->sums(day).value().size(), 1U);
}

TEST_P(DbRecordsTest, daemons_that_claim_at_once_never_have_more_than_the_limit) {
    constexpr double limit = 60;
    std::array<double, 3> had{};
    std::vector<std::thread> daemons;
    for (std::size_t i = 0; i < had.size(); ++i) {
        daemons.emplace_back([&, i] {
            IoPool own(1);
            const auto records = open(std::to_string(i));
            // Each wants one more until there is nothing left.
            for (int tries = 0; tries < 200; ++tries) {
                const PurseClaim wanted{.day = day,
                    .limit = limit,
                    .claim = had[i] + 1,
                    .useful = had[i] + 1,
                    .least = had[i]};
                const auto granted = own.run(records->claim({{.owner = acme, .claim = wanted}}));
                if (!granted) continue;  // too many at once: it is asked again
                if (granted->front().claim == had[i]) return;
                had[i] = granted->front().claim;
            }
        });
    }
    for (auto& daemon : daemons) daemon.join();
    EXPECT_EQ(had[0] + had[1] + had[2], limit);
    EXPECT_EQ(
        open()->sums(day), (std::vector<PurseSum>{{.owner = acme, .spent = 0, .claimed = limit}}));
}

/// Step 0013 takes over what an earlier program has written of the day, and gives it back.
TEST_P(DbRecordsTest, money_that_was_counted_before_there_were_claims_is_not_forgotten) {
    const auto steps = db::embedded_migrations(database->kind());
    const auto connection = database->connect().value();
    constexpr db::Statement insert{
        "INSERT INTO llm_pool (scope, name, cools_until, cool_reason, day, cost) VALUES (?, ?, ?, "
        "'busy', ?, ?)"};
    constexpr db::Statement select{
        "SELECT scope, name, cool_reason, cost FROM llm_pool ORDER BY "
        "scope, name"};
    ASSERT_EQ(db::migrate_down(*connection, steps, 12), 12);
    const std::string_view name = "acme";
    for (const std::int64_t scope : {0, 2}) {
        const std::array<db::Value, 5> row{scope, name, std::int64_t{7}, to_unix_ms(day), 1.5};
        ASSERT_TRUE(connection->execute(insert, row));
    }
    ASSERT_TRUE(db::migrate_up(*connection, steps));
    const auto records = open();
    EXPECT_EQ(records->sums(day),
        (std::vector<PurseSum>{
            {.owner = {PurseScope::endpoint, "acme"}, .spent = 1.5, .claimed = 1.5},
            {.owner = acme, .spent = 1.5, .claimed = 1.5}}));
    EXPECT_EQ(records->cooldowns().value().size(), 1U);

    claim(*records, acme, {.day = day, .spent = 2, .claim = 3});
    ASSERT_EQ(db::migrate_down(*connection, steps, 12), 12);
    std::vector<std::string> rows;
    const db::RowSink keep = [&rows](const db::Row& row) {
        rows.push_back(
            fmt::format("{} {} {} {}", row.integer(0), row.text(1), row.text(2), row.real(3)));
        return true;
    };
    ASSERT_TRUE(connection->execute(select, {}, keep));
    EXPECT_EQ(rows, (std::vector<std::string>{"0 acme busy 1.5", "2 acme  3.5"}));
}

INSTANTIATE_TEST_SUITE_P(Databases, DbRecordsTest, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::llm
