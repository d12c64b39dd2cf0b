// The SQLite store: its rows, their text, and files that are damaged or too new.
#include <array>
#include <map>

#include <gtest/gtest.h>

#include "db/sqlite/sqlite_database.h"
#include "queue/store/sqlite/row_codec.h"
#include "queue/store/sqlite/schema.h"
#include "queue/store/sqlite/sqlite_store.h"
#include "support/queue_harness.h"
#include "support/temp_dir.h"

namespace baton::queue {
namespace {

using test::must;
using test::outcome;

TEST(RowId, holds_the_largest_number_and_seq_and_leads_back) {
    for (const Locator at : {Locator{QueueNumber{1}, 0}, Locator{QueueNumber{1}, 1},
             Locator{QueueNumber{queue_number_max}, seq_max}}) {
        EXPECT_GE(row_id(at), 0);
        EXPECT_EQ(locator_of(row_id(at)), at);
    }
    EXPECT_LT(row_id({QueueNumber{1}, seq_max}), row_id({QueueNumber{2}, 0}));
}

TEST(RowCodec, text_comes_back_whatever_it_holds) {
    const std::vector<Header> headers{{"a", ""}, {"b", "\"\\ \x01 ü €"}, {"c", "\xff\xfe"}};
    EXPECT_EQ(must(headers_from_text(headers_to_text(headers))), headers);
    EXPECT_EQ(headers_to_text({}), "");
    const std::vector<FailureNote> history{
        {from_unix_ms(1'767'225'600'000), 4'294'967'295, "reason\n\xc3"}, {from_unix_ms(0), 1, ""}};
    EXPECT_EQ(must(history_from_text(history_to_text(history))), history);
}

TEST(RowCodec, damaged_text_is_corruption) {
    for (const auto* text : {"{", "{}", "[1]", "[[\"a\"]]", "[[1,2]]", "null"}) {
        EXPECT_EQ(outcome(headers_from_text(text)), "storage_corrupt") << text;
    }
    for (const auto* text :
        {"{", "{}", "[1]", "[{}]", R"([{"at":1,"attempt":1}])",
            R"([{"at":"x","attempt":1,"reason":""}])", R"([{"at":1,"attempt":1.5,"reason":""}])"}) {
        EXPECT_EQ(outcome(history_from_text(text)), "storage_corrupt") << text;
    }
}

class SqliteStore : public ::testing::Test {
protected:
    /// Leaves a file with a queue, a message that was nacked and one that is dead.
    void SetUp() override {
        auto engine_queues = open();
        auto& queues = *engine_queues;
        must(pool.run(queues.put_queue(q, {.max_failures = 2})));
        must(pool.run(queues.post(q, test::messages_of({{.text = "one", .order = "k", .dedup = "d"},
                                         {.text = "two", .level = Level::high}}))));
        const auto two = must(pool.run(queues.pop({.queue = q}))).at(0);
        must(pool.run(
            queues.nack({.receipt = two.receipt, .reason = "bad", .blame = Blame::fatal})));
        const auto one = must(pool.run(queues.pop({.queue = q}))).at(0);
        must(pool.run(queues.nack({.receipt = one.receipt, .reason = "wait"})));
        queues.stop();
    }
    std::unique_ptr<Queues> open() {
        auto opened = try_open();
        return must(std::move(opened));
    }
    Result<std::unique_ptr<Queues>> try_open() {
        BATON_TRY(auto store, make_sqlite_store(*database));
        return make_engine_queues(std::move(store), {}, clock, metrics, {});
    }
    /// Changes the file behind the store's back.
    void damage(std::string_view sql) { must(must(database->connect())->execute_script(sql)); }
    std::vector<std::string> rows(const db::Statement& statement) {
        std::vector<std::string> found;
        must(must(database->connect())->execute(statement, {}, [&](const db::Row& row) {
            found.emplace_back(row.text(0));
            return true;
        }));
        return found;
    }

    const QueueName q{"q"};
    test::TempDir dir{test::fast_place()};
    test::FakeClock clock;
    MetricRegistry metrics;
    IoPool pool{1};
    std::unique_ptr<db::Database> database = db::make_sqlite_database({.file = dir / "queues.db"});
};

TEST_F(SqliteStore, a_person_can_read_its_rows) {
    static constexpr db::Statement readable{R"sql(
        SELECT queue || ' ' || seq || ' ' || state || ' ' || priority || ' ' || content || ' ' ||
            attempts || ' ' || failures || ' ' || coalesce(dead_reason, '-') || ' ' || posted_at
        FROM messages_readable ORDER BY seq)sql"};
    EXPECT_EQ(rows(readable),
        (std::vector<std::string>{"q 1 waiting normal one 1 1 - 2026-01-01T00:00:00.000Z",
            "q 2 dead high two 1 1 bad 2026-01-01T00:00:00.000Z"}));
}

TEST_F(SqliteStore, what_is_finished_leaves_no_row_but_its_dedup_key) {
    {
        auto queues = open();
        const auto one = must(pool.run(queues->pop({.queue = q}))).at(0);
        must(pool.run(queues->ack(one.receipt)));
        must(pool.run(queues->cancel({one.message.id.queue_uid, 2})));
        queues->stop();
    }
    static constexpr db::Statement messages{"SELECT id FROM messages"};
    static constexpr db::Statement delivery{"SELECT id FROM delivery"};
    static constexpr db::Statement dedup{"SELECT key FROM dedup"};
    EXPECT_TRUE(rows(messages).empty());
    EXPECT_TRUE(rows(delivery).empty());
    EXPECT_EQ(rows(dedup), (std::vector<std::string>{"d"}));
    auto queues = open();
    clock.advance(std::chrono::hours(1));
    must(pool.run(queues->list_queues()));
    queues->stop();
    EXPECT_TRUE(rows(dedup).empty());
}

TEST_F(SqliteStore, output_leaves_no_row_when_it_has_ended) {
    static constexpr db::Statement events{
        "SELECT offset || ' ' || attempt || ' ' || data FROM output_events ORDER BY id, offset"};
    static constexpr db::Statement outputs{"SELECT events || ' ' || bytes FROM outputs"};
    auto queues = open();
    const auto one = must(pool.run(queues->pop({.queue = q}))).at(0);
    must(pool.run(queues->append_output(one.receipt, {Bytes("a"), Bytes("bc")})));
    must(pool.run(queues->append_output(one.receipt, {Bytes("d")})));
    EXPECT_EQ(rows(events), (std::vector<std::string>{"0 2 a", "1 2 bc", "2 2 d"}));
    EXPECT_EQ(rows(outputs), (std::vector<std::string>{"3 4"}));
    must(pool.run(queues->ack(one.receipt)));
    clock.advance(std::chrono::hours(2));
    must(pool.run(queues->list_queues()));
    queues->stop();
    EXPECT_TRUE(rows(events).empty());
    EXPECT_TRUE(rows(outputs).empty());
}

TEST_F(SqliteStore, a_log_leaves_rows_of_what_is_kept) {
    static constexpr db::Statement cursors{
        "SELECT subscription || ' ' || committed FROM cursors ORDER BY subscription"};
    static constexpr db::Statement messages{
        "SELECT CAST(content AS TEXT) FROM messages WHERE id >> 39 = 2"};
    const QueueName log("log");
    auto queues = open();
    must(pool.run(queues->put_queue(log, {.mode = QueueMode::log})));
    must(pool.run(queues->post(log, test::messages_of({{.text = "a"}, {.text = "b"}}))));
    must(pool.run(queues->subscribe(log, SubscriptionName("s"), {})));
    must(pool.run(queues->subscribe(log, SubscriptionName("t"), {})));
    must(pool.run(queues->commit(log, SubscriptionName("s"), 2)));
    must(pool.run(queues->truncate_before(log, 2)));
    EXPECT_EQ(rows(cursors), (std::vector<std::string>{"s 2", "t 0"}));
    EXPECT_EQ(rows(messages), (std::vector<std::string>{"b"}));
    must(pool.run(queues->unsubscribe(log, SubscriptionName("t"))));
    EXPECT_EQ(rows(cursors), (std::vector<std::string>{"s 2"}));
    must(pool.run(queues->delete_queue(log)));
    queues->stop();
    EXPECT_TRUE(rows(cursors).empty());
    EXPECT_TRUE(rows(messages).empty());
}

TEST_F(SqliteStore, a_deleted_queue_leaves_no_row) {
    auto queues = open();
    must(pool.run(
        queues->reply({must(pool.run(queues->peek({.queue = q}))).messages.at(0).id.queue_uid, 1},
            Bytes("r"), "")));
    const auto one = must(pool.run(queues->pop({.queue = q}))).at(0);
    must(pool.run(queues->append_output(one.receipt, {Bytes("a")})));
    must(pool.run(queues->delete_queue(q)));
    queues->stop();
    static constexpr db::Statement all{R"sql(
        SELECT name FROM queues UNION ALL SELECT id FROM messages UNION ALL SELECT id FROM delivery
        UNION ALL SELECT key FROM dedup UNION ALL SELECT id FROM replies
        UNION ALL SELECT id FROM outputs UNION ALL SELECT id FROM output_events)sql"};
    EXPECT_TRUE(rows(all).empty());
}

TEST_F(SqliteStore, damage_is_a_typed_error_and_never_silence) {
    const std::map<std::string, std::string> damages{
        {"UPDATE queues SET config = '{'", "UPDATE queues SET config = '{}'"},
        {"UPDATE queues SET config = '{\"max_size\":-1}'", "UPDATE queues SET config = '{}'"},
        {"UPDATE messages SET level = 9 WHERE id & 7 = 1", "UPDATE messages SET level = 2"},
        {"UPDATE delivery SET state = 3", "UPDATE delivery SET state = 1"},
        {"UPDATE delivery SET history = 'x'", "UPDATE delivery SET history = NULL"}};
    for (const auto& [bad, good] : damages) {
        damage(bad);
        const auto opened = try_open();
        EXPECT_EQ(outcome(opened), "storage_corrupt") << bad;
        damage(good);
        EXPECT_EQ(outcome(try_open()), "ok") << good;
    }
    damage("UPDATE messages SET headers = 'x'");
    auto queues = must(make_engine_queues(
        must(make_sqlite_store(*database)), {.memory_budget = 0}, clock, metrics, {}));
    EXPECT_EQ(outcome(pool.run(queues->peek({.queue = q}))), "storage_corrupt");
    EXPECT_EQ(outcome(pool.run(queues->pop({.queue = q}))), "storage_corrupt");
    EXPECT_EQ(must(pool.run(queues->stats(q))).leased, 0);
    queues->stop();
}

TEST_F(SqliteStore, a_stop_folds_the_log_into_the_file) {
    auto queues = open();
    must(pool.run(queues->post(
        q, test::messages_of({{.text = "three"}}), {.durability = Durability::relaxed})));
    EXPECT_GT(std::filesystem::file_size(dir / "queues.db-wal"), 0);
    queues->stop();
    EXPECT_EQ(std::filesystem::file_size(dir / "queues.db-wal"), 0);
}

TEST_F(SqliteStore, a_file_of_a_newer_version_is_refused) {
    damage(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
        "VALUES (1000, 'future', '', '')");
    EXPECT_EQ(outcome(try_open()), "conflict");
}

}  // namespace
}  // namespace baton::queue
