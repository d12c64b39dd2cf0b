// The same random runs as the engine's, on SQLite: every record finds its rows and comes back from
// them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "support/queue_run.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

TEST(SqliteStoreProperties, does_what_the_model_does) {
    // Fewer runs than the engine has: each step of one may be a transaction.
    const rc::detail::TestMetadata metadata{.id = "SqliteStoreProperties", .description = "runs"};
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = 50;
    const auto property = [] {
        const auto steps = *run_steps(150);
        const TempDir dir(fast_place());
        std::unique_ptr<db::Database> database;
        const auto open = [&] {
            database = db::make_sqlite_database({.file = dir / "queues.db"});
            return must(queue::make_sqlite_store(*database));
        };
        QueueRun run(open, 100);
        for (const auto& step : steps) run.step(step);
        run.finish();
    };
    const auto result = rc::detail::checkTestable(property, metadata, params);
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << text.str();
}

}  // namespace
}  // namespace baton::test
