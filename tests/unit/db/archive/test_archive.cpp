// Rows go from one database into another, of either kind, and are the same there.
#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "db/archive/archive.h"
#include "db/archive/tables.h"
#include "support/faulty_database.h"
#include "support/test_database.h"

namespace baton::db {
namespace {

using test::DatabaseKind;
using test::TestDatabase;

/// What a text may hold: zero bytes, what PostgreSQL's text writes them as, quotes, all scripts.
const std::vector<std::string> texts{"", "plain", std::string("zero \0 and \0", 12), "\x01",
    "\x01"
    "0",
    "\x01"
    "1\x01",
    "'; DROP TABLE users; --", "\"\\ \n\r\t\x7f", "\xf0\x9f\x98\x80 caf\xc3\xa9", "\\x00ff",
    "{\"hex\":\"00\"}", "NULL", std::string(70'000, 'x')};

std::string text_at(std::size_t i) { return texts[i % texts.size()]; }

class Archive : public testing::TestWithParam<DatabaseKind> {
protected:
    static DatabaseKind other_kind() {
        return GetParam() == DatabaseKind::sqlite ? DatabaseKind::postgres : DatabaseKind::sqlite;
    }
    static std::unique_ptr<Connection> connect(const TestDatabase& database) {
        return database->connect().value();
    }
    static void run(Connection& connection, std::string_view sql, std::vector<Value> values) {
        const Statement statement{sql};
        const auto done = connection.execute(statement, values);
        ASSERT_TRUE(done) << sql << ": " << to_string(done.error());
    }

    /// Some rows in each table, more than fit into a page or a statement.
    static void fill(const TestDatabase& database, int count = 150) {
        const auto connection = connect(database);
        const std::string bytes("\x00\xff\x01'\"", 5);
        ASSERT_TRUE(connection->begin());
        for (int i = 0; i < count; ++i) {
            const auto number = std::int64_t{i};
            const auto id = fmt::format("id-{:05}", i);
            const auto text = text_at(static_cast<std::size_t>(i));
            const Value key{std::string_view(id)};
            const Value some{std::string_view(text)};
            const Value maybe = i % 3 == 0 ? Value() : Value(number);
            run(*connection,
                "INSERT INTO api_keys (id, name, role, hash, created_at, revoked_at, chat_mode) "
                "VALUES (?, ?, 0, ?, ?, ?, NULL)",
                {key, some, Blob{bytes}, number, maybe});
            run(*connection,
                "INSERT INTO users (id, tier, messages_per_minute, messages_per_day, metadata, "
                "created_at, updated_at) VALUES (?, ?, ?, NULL, ?, ?, -9223372036854775807)",
                {key, some, maybe, some, number});
            run(*connection,
                "INSERT INTO user_usage (user_id, minute_start, minute_count, day_start, "
                "day_count) VALUES (?, ?, 1, 2, 3)",
                {key, number});
            run(*connection,
                "INSERT INTO conversations (id, user_id, title, state, priority, metadata, "
                "message_count, created_at, updated_at, last_active_at, context, expires_at) "
                "VALUES (?, ?, ?, 0, 2, ?, 1, 5, 6, 7, ?, ?)",
                {key, key, some, some, some, maybe});
            run(*connection,
                "INSERT INTO dialog_messages (id, conversation_id, user_id, agent_id, content, "
                "priority, status, retry_count, metadata, error, created_at, updated_at, "
                "completed_at, reply_content) VALUES (?, ?, ?, ?, ?, 2, 2, 0, ?, ?, 1, 2, ?, ?)",
                {key, key, key, some, some, some, some, maybe, some});
            for (const std::int64_t step : {0, 1}) {
                run(*connection,
                    "INSERT INTO run_steps (message_id, number, kind, content, began_at, "
                    "ended_at) VALUES (?, ?, 0, ?, 1, 2)",
                    {key, step, some});
            }
            run(*connection,
                "INSERT INTO conversation_summaries (conversation_id, upto, content, model, "
                "input_tokens, output_tokens, created_at) VALUES (?, ?, ?, ?, 1, 2, 3)",
                {key, key, some, some});
            run(*connection,
                "INSERT INTO conversation_places (place, conversation_id) VALUES (?, ?)",
                {number + 1, key});
            run(*connection,
                "INSERT INTO message_places (place, message_id, is_answer) VALUES (?, ?, 0)",
                {number * 2 + 1, key});
            run(*connection,
                "INSERT INTO message_names (name, message_id, written_at) VALUES (?, ?, 1)",
                {key, key});
            fill_pool(*connection, i, key, some);
        }
        ASSERT_TRUE(connection->commit());
    }
    static void fill_pool(Connection& connection, int i, const Value& key, const Value& some) {
        const auto number = std::int64_t{i};
        run(connection,
            "INSERT INTO llm_pool (scope, name, cools_until, cool_reason) VALUES (0, ?, ?, ?)",
            {key, i % 3 == 0 ? Value() : Value(number), some});
        run(connection,
            "INSERT INTO llm_spending (day, scope, name, spender, spent, claim) "
            "VALUES (?, ?, ?, ?, ?, 0.5)",
            {number, number % 3, key, some, 0.1 * i});
    }

    static std::string exported(const TestDatabase& database) {
        std::ostringstream out;
        const auto report = export_tables(*connect(database), database->kind(), out);
        EXPECT_TRUE(report) << to_string(report.error());
        return out.str();
    }
    static Result<ArchiveReport> import(
        const TestDatabase& database, const std::string& lines, bool replaces = false) {
        std::istringstream in(lines);
        return import_tables(*connect(database), database->kind(), in, {.replaces = replaces});
    }
    static std::uint64_t rows_of(const std::string& lines) {
        return static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
    }
    static std::int64_t number(Connection& connection, std::string_view sql) {
        const Statement statement{sql};
        std::int64_t number = -1;
        const auto done = connection.execute(statement, {}, [&](const Row& row) {
            number = row.integer(0);
            return true;
        });
        EXPECT_TRUE(done) << sql << ": " << to_string(done.error());
        return number;
    }
};

TEST_P(Archive, goes_to_the_other_database_and_back_row_by_row) {
    const TestDatabase from(GetParam());
    const TestDatabase to(other_kind());
    from.migrate();
    to.migrate();
    fill(from);
    const auto lines = exported(from);
    const auto there = import(to, lines);
    ASSERT_TRUE(there) << to_string(there.error());
    EXPECT_EQ(there->tables.size(), known_tables().size());
    for (const auto& table : there->tables) EXPECT_GE(table.rows, 150u) << table.table;
    EXPECT_EQ(exported(to), lines);
    const auto connection = connect(from);
    const auto back = import(from, exported(to), true);
    ASSERT_TRUE(back) << to_string(back.error());
    EXPECT_EQ(*back, *there);
    EXPECT_EQ(exported(from), lines);
}

TEST_P(Archive, of_a_fresh_database_is_empty_and_can_be_imported) {
    const TestDatabase database(GetParam());
    database.migrate();
    const auto lines = exported(database);
    EXPECT_EQ(rows_of(lines), known_tables().size() + 2) << lines;
    EXPECT_TRUE(import(database, lines));
}

TEST_P(Archive, is_refused_where_rows_are_unless_they_may_go) {
    const TestDatabase from(other_kind());
    const TestDatabase to(GetParam());
    from.migrate();
    to.migrate();
    fill(from, 70);
    const auto lines = exported(from);
    const auto connection = connect(to);
    ASSERT_TRUE(connection->execute_script(
        "INSERT INTO message_names (name, message_id, written_at) VALUES ('mine', 'm', 1)"));
    const auto before = exported(to);
    const auto refused = import(to, lines);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_NE(refused.error().detail.find("message_names"), std::string::npos);
    EXPECT_EQ(exported(to), before);
    const auto replaced = import(to, lines, true);
    ASSERT_TRUE(replaced) << to_string(replaced.error());
    EXPECT_EQ(exported(to), lines);
    ASSERT_TRUE(import(to, lines, true)) << "also what search is made of goes";
}

TEST_P(Archive, goes_on_where_it_came_to) {
    const TestDatabase from(other_kind());
    const TestDatabase to(GetParam());
    from.migrate();
    to.migrate();
    fill(from, 40);
    ASSERT_TRUE(import(to, exported(from)));
    const auto connection = connect(to);
    EXPECT_EQ(number(*connection, "SELECT count(*) FROM message_texts"), 40);
    EXPECT_EQ(number(*connection, "SELECT count(*) FROM conversation_texts"), 40);
    ASSERT_TRUE(connection->execute_script(
        "INSERT INTO message_places (message_id, is_answer) VALUES ('id-00001', 1)"));
    EXPECT_GT(number(*connection, "SELECT max(place) FROM message_places"), 79);
}

TEST_P(Archive, of_another_schema_is_refused) {
    const TestDatabase from(other_kind());
    const TestDatabase to(GetParam());
    from.migrate();
    const auto lines = exported(from);
    const auto none = import(to, lines);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::conflict) << to_string(none.error());
    const auto steps = embedded_migrations(to->kind());
    ASSERT_TRUE(migrate_up(*connect(to), steps, {.target = static_cast<int>(steps.size()) - 1}));
    const auto older = import(to, lines);
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().code, Errc::conflict) << to_string(older.error());
    EXPECT_NE(older.error().detail.find("schema version"), std::string::npos);
}

TEST_P(Archive, that_was_cut_or_changed_leaves_nothing_behind) {
    const TestDatabase database(GetParam());
    database.migrate();
    const auto empty = exported(database);
    fill(database, 3);
    const auto lines = exported(database);
    ASSERT_TRUE(import(database, empty, true));
    ASSERT_EQ(exported(database), empty);
    const auto changed = [&](std::string_view what, std::string_view by) {
        auto copy = lines;
        const auto at = copy.find(what);
        EXPECT_NE(at, std::string::npos) << what;
        copy.replace(at, what.size(), by);
        return copy;
    };
    std::vector<std::string> bad{"", "\n", "{}\n", "{\"baton_export\":1}\n", lines + "[1]\n",
        lines + lines, changed("\"baton_database\":1", "\"baton_database\":2"),
        changed("\"users\"", "\"nothing\""), changed("\"tier\"", "\"tear\""),
        changed("plain", "pla1n"), changed("[\"id-00001\",", "[\"id-00001\",1,"),
        changed("[\"id-00001\",", "[1,"), changed("{\"hex\":\"00ff", "{\"hex\":\"0gff"),
        changed("{\"hex\":\"00ff", "{\"hex\":\"0ff"), changed("\"rows\":3", "\"rows\":4"),
        changed("[\"id-00001\",", "[\"id-00002\",")};
    for (std::size_t end = 0; end < lines.size(); end += lines.size() / 40) {
        bad.push_back(lines.substr(0, end));
    }
    bad.push_back(lines.substr(0, lines.rfind("{\"end\"")));
    for (const auto& each : bad) {
        const auto refused = import(database, each);
        ASSERT_FALSE(refused) << each.substr(0, 200);
        EXPECT_TRUE(refused.error().code == Errc::invalid_argument ||
                    refused.error().code == Errc::malformed_json ||
                    refused.error().code == Errc::conflict)
            << to_string(refused.error());
        ASSERT_EQ(exported(database), empty) << to_string(refused.error());
    }
}

TEST_P(Archive, lands_as_a_whole_or_not_at_all_wherever_the_database_fails) {
    const TestDatabase from(other_kind());
    const TestDatabase to(GetParam());
    from.migrate();
    to.migrate();
    const auto empty = exported(to);
    fill(from, 5);
    const auto lines = exported(from);
    test::FaultPlan plan;
    test::FaultyDatabase faulty(*to, plan);
    for (std::int64_t n = 1;; ++n) {
        const auto connection = faulty.connect().value();
        plan.fail_call(n);
        std::istringstream in(lines);
        const auto imported = import_tables(*connection, to->kind(), in);
        if (!plan.fired()) {
            ASSERT_TRUE(imported) << to_string(imported.error());
            EXPECT_GT(n, 30);
            break;
        }
        plan.fail_call(0);
        ASSERT_FALSE(imported) << "call " << n;
        ASSERT_EQ(exported(to), empty) << "call " << n;
    }
    EXPECT_EQ(exported(to), lines);
}

TEST_P(Archive, carries_every_table_of_the_schema) {
    const TestDatabase database(GetParam());
    database.migrate();
    static constexpr Statement sqlite{
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"};
    static constexpr Statement postgres{
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = current_schema()"};
    const auto connection = connect(database);
    const auto& look = GetParam() == DatabaseKind::sqlite ? sqlite : postgres;
    ASSERT_TRUE(connection->execute(look, {}, [&](const Row& row) {
        const auto name = row.text(0);
        const bool is_known = std::ranges::any_of(
            known_tables(), [&](const KnownTable& table) { return table.name == name; });
        const bool is_derived = std::ranges::any_of(
            derived_tables(), [&](std::string_view begin) { return name.starts_with(begin); });
        EXPECT_NE(is_known, is_derived)
            << name << ": a new table belongs into db/archive/tables.cpp";
        return true;
    }));
}

TEST_P(Archive, tells_how_far_it_is) {
    const TestDatabase database(GetParam());
    database.migrate();
    fill(database, 200);
    std::vector<std::uint64_t> told;
    const auto note = [&](std::uint64_t rows) { told.push_back(rows); };
    std::ostringstream out;
    ASSERT_TRUE(export_tables(*connect(database), database->kind(), out, note));
    EXPECT_EQ(told, (std::vector<std::uint64_t>{1'000, 2'000}));
    told.clear();
    std::istringstream in(out.str());
    ASSERT_TRUE(import_tables(
        *connect(database), database->kind(), in, {.replaces = true, .progress = note}));
    EXPECT_EQ(told, (std::vector<std::uint64_t>{1'000, 2'000}));
}

INSTANTIATE_TEST_SUITE_P(Databases, Archive, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::db
