#include <gtest/gtest.h>

#include "llm/records/db_records.h"
#include "runtime/io_pool.h"
#include "support/test_database.h"

namespace baton::llm {
namespace {

class DbRecordsTest : public testing::TestWithParam<test::DatabaseKind> {
protected:
    void SetUp() override { database.migrate(); }
    std::unique_ptr<PoolRecords> open() {
        auto records = make_db_records(*database);
        EXPECT_TRUE(records);
        return *std::move(records);
    }

    test::TestDatabase database{GetParam()};
    IoPool io{1};
};

TEST_P(DbRecordsTest, keeps_the_latest_record_of_each_name) {
    const TimePoint day = from_unix_ms(1'767'225'600'000);
    PoolRecord endpoint{.name = "main",
        .cools_until = day + std::chrono::seconds(7),
        .cool_reason = "HTTP 429",
        .day = day,
        .cost = 1.25};
    const PoolRecord tenant{.scope = RecordScope::tenant, .name = "main", .day = day, .cost = 0.5};
    ASSERT_TRUE(io.run(open()->save({endpoint, tenant})));
    EXPECT_EQ(open()->load(), (std::vector<PoolRecord>{endpoint, tenant}));

    endpoint.cools_until = {};
    endpoint.cost = 2;
    ASSERT_TRUE(io.run(open()->save({endpoint})));
    EXPECT_EQ(open()->load(), (std::vector<PoolRecord>{endpoint, tenant}));
}

TEST_P(DbRecordsTest, new_database_has_none) {
    EXPECT_EQ(open()->load(), std::vector<PoolRecord>());
}

INSTANTIATE_TEST_SUITE_P(Databases, DbRecordsTest, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::llm
