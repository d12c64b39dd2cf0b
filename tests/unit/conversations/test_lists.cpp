// Lists: filters, orders, pages by number and by cursor, and the plans that databases make of them.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "conversations/cursor.h"
#include "conversations/list_query.h"
#include "harness.h"

namespace baton::conversations {
namespace {

using Seqs = std::vector<std::uint64_t>;
using Sort = PageRequest::Sort;

class Lists : public StoreTest {
protected:
    Result<Page<DialogMessage>> list(MessageFilter filter, PageRequest page) {
        return run(store_.conversations->list_messages(std::move(filter), std::move(page)));
    }
    static Seqs seqs(const Page<DialogMessage>& page) {
        Seqs out;
        for (const auto& each : page.items) out.push_back(each.id.seq);
        return out;
    }
    /// All pages by cursor.
    Seqs walk(const MessageFilter& filter, PageRequest page) {
        Seqs all;
        while (true) {
            const auto got = list(filter, page).value();
            const auto some = seqs(got);
            EXPECT_LE(some.size(), page.page_size);
            all.insert(all.end(), some.begin(), some.end());
            if (got.next.empty()) return all;
            page.after = got.next;
        }
    }
};

TEST_P(Lists, of_an_empty_store_are_empty) {
    const auto page = list({}, {}).value();
    EXPECT_TRUE(page.items.empty());
    EXPECT_EQ(page.total, 0u);
    EXPECT_EQ(page.next, "");
}

TEST_P(Lists, page_by_number) {
    for (std::uint64_t seq = 1; seq <= 5; ++seq) add(message(seq));
    const auto first = list({}, {.page_size = 2}).value();
    EXPECT_EQ(seqs(first), (Seqs{5, 4}));
    EXPECT_EQ(first.total, 5u);
    EXPECT_NE(first.next, "");
    EXPECT_EQ(seqs(list({}, {.page = 2, .page_size = 2}).value()), (Seqs{3, 2}));
    const auto last = list({}, {.page = 3, .page_size = 2}).value();
    EXPECT_EQ(seqs(last), (Seqs{1}));
    EXPECT_EQ(last.next, "");
    EXPECT_EQ(seqs(list({}, {.page = 4, .page_size = 2}).value()), Seqs{});
    EXPECT_EQ(list({}, {.page_size = 5}).value().next, "") << "a full last page has no next";
}

TEST_P(Lists, filter_by_everything) {
    for (std::uint64_t seq = 1; seq <= 8; ++seq) {
        auto each = message(seq, seq % 2 == 0 ? "even" : "odd");
        each.user_id = UserId(seq <= 4 ? "u1" : "u2");
        each.priority = seq % 4 == 0 ? Level::high : Level::normal;
        add(each);
    }
    complete(8);
    const PageRequest up{.descending = false};
    EXPECT_EQ(
        seqs(list({.conversation_id = ConversationId("even")}, up).value()), (Seqs{2, 4, 6, 8}));
    EXPECT_EQ(seqs(list({.user_id = UserId("u2")}, up).value()), (Seqs{5, 6, 7, 8}));
    EXPECT_EQ(seqs(list({.status = DialogStatus::completed}, up).value()), (Seqs{8}));
    EXPECT_EQ(seqs(list({.priority = Level::high}, up).value()), (Seqs{4, 8}));
    const auto both = list({.conversation_id = ConversationId("even"),
                               .user_id = UserId("u2"),
                               .status = DialogStatus::pending,
                               .priority = Level::normal},
        up);
    EXPECT_EQ(seqs(both.value()), (Seqs{6}));
    EXPECT_EQ(both->total, 1u);
}

TEST_P(Lists, sort_by_each_key_with_ids_breaking_ties) {
    for (std::uint64_t seq = 1; seq <= 4; ++seq) {
        auto each = message(seq);
        each.created_at = each.updated_at = start;
        each.priority = seq <= 2 ? Level::low : Level::realtime;
        add(each);
    }
    ASSERT_TRUE(run(store_.writer->mark_processing(id(2), 0, start + Duration(5))));
    EXPECT_EQ(walk({}, {.page_size = 1}), (Seqs{4, 3, 2, 1}));
    EXPECT_EQ(walk({}, {.page_size = 1, .descending = false}), (Seqs{1, 2, 3, 4}));
    EXPECT_EQ(walk({}, {.page_size = 1, .sort = Sort::updated_at}), (Seqs{2, 4, 3, 1}));
    EXPECT_EQ(walk({}, {.page_size = 3, .sort = Sort::updated_at, .descending = false}),
        (Seqs{1, 3, 4, 2}));
    // Highest first, and inside a level the oldest first, as the queue serves them.
    EXPECT_EQ(walk({}, {.page_size = 1, .sort = Sort::priority}), (Seqs{3, 4, 1, 2}));
    EXPECT_EQ(walk({}, {.page_size = 3, .sort = Sort::priority, .descending = false}),
        (Seqs{2, 1, 4, 3}));
}

TEST_P(Lists, follow_ids_inside_a_conversation_whatever_the_clock_did) {
    for (std::uint64_t seq = 1; seq <= 3; ++seq) {
        auto each = message(seq);
        each.created_at = start - std::chrono::seconds(seq);  // the clock goes back
        add(each);
    }
    const MessageFilter filter{.conversation_id = ConversationId("c1")};
    EXPECT_EQ(walk(filter, {.page_size = 1, .descending = false}), (Seqs{1, 2, 3}));
    EXPECT_EQ(walk(filter, {.page_size = 2}), (Seqs{3, 2, 1}));
}

TEST_P(Lists, by_cursor_miss_and_repeat_nothing_while_messages_come) {
    for (std::uint64_t seq = 1; seq <= 10; ++seq) add(message(seq));
    PageRequest page{.page_size = 3};
    auto got = list({}, page).value();
    EXPECT_EQ(seqs(got), (Seqs{10, 9, 8}));
    add(message(11));
    page.after = got.next;
    got = list({}, page).value();
    EXPECT_EQ(seqs(got), (Seqs{7, 6, 5}));
    EXPECT_EQ(got.total, 10u) << "the total when the first page was made";
}

TEST_P(Lists, refuse_cursors_of_another_list_or_hand) {
    for (std::uint64_t seq = 1; seq <= 3; ++seq) add(message(seq));
    const auto next = list({}, {.page_size = 1}).value().next;
    const auto code_of = [&](MessageFilter filter, PageRequest page) {
        const auto got = list(std::move(filter), std::move(page));
        return got ? std::string("taken")
                   : std::string(to_string(got.error().code)) + got.error().field;
    };
    const std::string refused = "invalid_argumentafter";
    EXPECT_EQ(code_of({}, {.page_size = 2, .after = next}), "taken");
    EXPECT_EQ(code_of({.user_id = UserId("u1")}, {.after = next}), refused);
    EXPECT_EQ(code_of({}, {.after = next, .sort = Sort::priority}), refused);
    EXPECT_EQ(code_of({}, {.after = next, .descending = false}), refused);
    EXPECT_EQ(code_of({}, {.after = "x"}), refused);
    EXPECT_EQ(code_of({}, {.after = std::string(10'000, 'A')}), refused);
    // Not the last character, which may hold bits that base64 does not use.
    for (std::size_t i = 0; i + 1 < next.size(); ++i) {
        auto tampered = next;
        tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(code_of({}, {.after = tampered}), refused) << i;
    }
    const auto conversations = run(store_.conversations->list({}, {.after = next}));
    EXPECT_EQ(conversations.error().code, Errc::invalid_argument);
}

TEST_P(Lists, refuse_pages_beyond_their_limits) {
    EXPECT_EQ(list({}, {.page = 0}).error().field, "page");
    EXPECT_EQ(list({}, {.page_size = 0}).error().field, "page_size");
    EXPECT_EQ(list({}, {.page_size = 101}).error().field, "page_size");
    EXPECT_TRUE(list({}, {.page = 100, .page_size = 100}));
    EXPECT_EQ(list({}, {.page = 101, .page_size = 100}).error().field, "page");
    EXPECT_EQ(list({}, {.page = 4'000'000'000, .page_size = 100}).error().field, "page");
    EXPECT_TRUE(list({}, {.page_size = 100}));
}

TEST_P(Lists, with_several_filters_look_at_so_many_messages_a_page) {
    // The older half is of u1 and completed but for five, the newer of u2 and pending.
    constexpr std::uint64_t half = ListLimits::scan_max + 500;
    std::string sql;
    for (std::uint64_t seq = 1; seq <= 2 * half; ++seq) {
        const bool is_old = seq <= half;
        sql += fmt::format("{}('{}', 'c1', '{}', 'a', '', {}, {}, 0, '', '', {}, {})",
            seq == 1 ? "" : ", ", id(seq).text(), is_old ? "u1" : "u2", seq <= 3 ? 3 : 2,
            is_old && seq > 5 ? 2 : 0, seq, seq);
    }
    ASSERT_TRUE(run(store_.conversations->create(conversation("c1"))));
    ASSERT_TRUE(plain_->connect().value()->execute_script(
        "INSERT INTO dialog_messages (id, conversation_id, user_id, agent_id, content, priority, "
        "status, retry_count, metadata, error, created_at, updated_at) VALUES " +
        sql));
    const auto u1 = UserId("u1");
    for (const auto sort : {Sort::created_at, Sort::updated_at, Sort::priority}) {
        PageRequest page{.page_size = 100, .sort = sort};
        const MessageFilter rare{.user_id = u1, .priority = Level::low};
        const auto found = list(rare, page).value();
        EXPECT_EQ(found.items.size(), 3u) << "the rarest leads";
        EXPECT_EQ(found.total, 3u);
        EXPECT_FALSE(found.total_is_at_least);
        EXPECT_EQ(found.next, "");
        const MessageFilter far{.user_id = u1, .status = DialogStatus::pending};
        auto all = walk(far, page);
        std::ranges::sort(all);
        EXPECT_EQ(all, (Seqs{1, 2, 3, 4, 5}));
        const MessageFilter many{.user_id = UserId("u2"), .status = DialogStatus::pending};
        const auto first = list(many, page).value();
        EXPECT_EQ(first.items.size(), 100u);
        EXPECT_EQ(first.total, ListLimits::scan_max);
        EXPECT_TRUE(first.total_is_at_least) << "there are more, further on";
        page.after = first.next;
        const auto second = list(many, page).value();
        EXPECT_EQ(second.total, ListLimits::scan_max);
        EXPECT_TRUE(second.total_is_at_least) << "each page says so";
        page.after.clear();
        EXPECT_EQ(walk(many, page).size(), half);
    }
    const auto newest =
        list({.user_id = u1, .status = DialogStatus::pending}, {.page_size = 100}).value();
    EXPECT_TRUE(newest.items.empty());
    EXPECT_NE(newest.next, "");
    EXPECT_EQ(newest.total, 0u);
    const auto pending = list({.status = DialogStatus::pending}, {}).value();
    EXPECT_EQ(pending.total, half + 5);
    EXPECT_FALSE(pending.total_is_at_least);
    const auto everything = list({}, {}).value();
    EXPECT_EQ(everything.total, ListLimits::total_max);
    EXPECT_TRUE(everything.total_is_at_least);
    EXPECT_TRUE(newest.total_is_at_least) << "the first that were looked at were none of them";
}

TEST_P(Lists, of_conversations_filter_sort_and_page) {
    for (int i = 1; i <= 5; ++i) {
        auto each = conversation("c" + std::to_string(i));
        each.created_at = start + Duration(i);
        each.updated_at = start + Duration(10 - i);
        each.user_id = UserId(i % 2 == 0 ? "even" : "odd");
        each.state = i == 5 ? ConversationState::archived : ConversationState::active;
        ASSERT_TRUE(run(store_.conversations->create(each)).value());
    }
    const auto names = [&](ConversationFilter filter, PageRequest page) {
        std::string out;
        while (true) {
            const auto got = run(store_.conversations->list(filter, page)).value();
            for (const auto& each : got.items) out += each.id.text;
            if (got.next.empty()) return out;
            page.after = got.next;
        }
    };
    EXPECT_EQ(names({}, {.page_size = 2}), "c5c4c3c2c1");
    EXPECT_EQ(names({}, {.page_size = 2, .sort = Sort::updated_at}), "c1c2c3c4c5");
    EXPECT_EQ(names({}, {.page_size = 2, .sort = Sort::priority}), "c1c2c3c4c5");
    EXPECT_EQ(names({.user_id = UserId("odd")}, {.page_size = 1}), "c5c3c1");
    EXPECT_EQ(names({.state = ConversationState::archived}, {}), "c5");
    EXPECT_EQ(
        run(store_.conversations->list({.user_id = UserId("even")}, {.page_size = 1}))->total, 2u);
}

/// Asks a database how it would read a list.
class Planner final {
public:
    explicit Planner(const test::TestDatabase& database)
        : connection_(database->connect().value()),
          is_sqlite_(database.kind() == test::DatabaseKind::sqlite) {
        if (is_sqlite_) return;
        // An empty table is cheapest to read whole and sort: what matters is that no list must be.
        EXPECT_TRUE(connection_->execute_script(
            "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off"));
    }

    /// One line.
    std::string plan_of(
        const std::string& sql, const std::vector<std::variant<std::int64_t, std::string>>& given) {
        const std::string explain = (is_sqlite_ ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + sql;
        const db::Statement statement{explain};
        const std::vector<db::Value> values(given.size(), std::int64_t{1});
        std::string plan;
        EXPECT_TRUE(connection_->execute(statement, values, [&](const db::Row& row) {
            plan += std::string(row.text(is_sqlite_ ? 3 : 0)) + "; ";
            return true;
        })) << sql;
        return plan;
    }
    bool sorts(const std::string& plan) const {
        return plan.contains(is_sqlite_ ? "TEMP B-TREE" : "Sort");
    }
    /// Whether it reads a table or an index from its beginning.
    bool scans(const std::string& plan) const {
        return is_sqlite_ ? plan.contains("SCAN") : !plan.contains("Index Cond");
    }

private:
    std::unique_ptr<db::Connection> connection_;
    bool is_sqlite_;
};

TEST_P(Lists, are_read_from_indexes_without_sorting) {
    Planner planner(plain_);
    const auto user = UserId("u");
    const auto chat = ConversationId("c");
    struct Case {
        MessageFilter filter;
        Sort sort;
        std::string_view index;
    };
    const Case cases[] = {
        {{}, Sort::created_at, "dialog_messages_by_creation"},
        {{}, Sort::updated_at, "dialog_messages_by_update"},
        {{}, Sort::priority, "dialog_messages_by_priority"},
        {{.conversation_id = chat}, Sort::created_at, "dialog_messages_of_conversation"},
        {{.conversation_id = chat}, Sort::updated_at, "dialog_messages_of_conversation_by_update"},
        {{.conversation_id = chat}, Sort::priority, "dialog_messages_of_conversation_by_priority"},
        {{.user_id = user}, Sort::created_at, "dialog_messages_of_user"},
        {{.status = DialogStatus::failed}, Sort::created_at, "dialog_messages_of_status"},
        {{.user_id = user}, Sort::updated_at, "dialog_messages_of_user_by_update"},
        {{.status = DialogStatus::failed}, Sort::updated_at, "dialog_messages_of_status_by_update"},
        {{.user_id = user}, Sort::priority, "dialog_messages_of_user_by_priority"},
        {{.status = DialogStatus::failed}, Sort::priority, "dialog_messages_of_status_by_priority"},
        {{.priority = Level::low}, Sort::created_at, "dialog_messages_of_priority"},
        {{.priority = Level::low}, Sort::updated_at, "dialog_messages_of_priority_by_update"},
        {{.priority = Level::low}, Sort::priority, "dialog_messages_by_priority"},
        {{.user_id = user, .priority = Level::low}, Sort::priority,
            "dialog_messages_of_user_by_priority"},
        {{.status = DialogStatus::failed, .priority = Level::low}, Sort::priority,
            "dialog_messages_of_status_by_priority"},
        {{.conversation_id = chat, .status = DialogStatus::failed}, Sort::created_at,
            "dialog_messages_of_conversation"},
    };
    const Cursor cursor{.key = 1, .total = 2, .id = "x"};
    for (const auto& each : cases) {
        for (const bool descending : {true, false}) {
            PageRequest page{.sort = each.sort, .descending = descending};
            const auto scope = messages_query(each.filter, page)->scope;
            for (const bool first : {true, false}) {
                page.after = first ? "" : to_text(cursor, scope);
                const auto query = messages_query(each.filter, page).value();
                const auto plan = planner.plan_of(query.page_sql, query.page_values);
                EXPECT_TRUE(plan.contains(each.index)) << query.page_sql << "\n" << plan;
                EXPECT_FALSE(planner.sorts(plan)) << query.page_sql << "\n" << plan;
                // A cursor is found by search, not by reading all before it.
                EXPECT_TRUE(first || !planner.scans(plan)) << query.page_sql << "\n" << plan;
            }
        }
    }
    const auto list = conversations_query({.user_id = user}, {}).value();
    EXPECT_NE(planner.plan_of(list.page_sql, {"u", 1, 1}).find("conversations_of_user"),
        std::string::npos);
    const auto unfinished = planner.plan_of(
        "SELECT id FROM dialog_messages WHERE status < 2 AND id > ? ORDER BY id LIMIT ?", {"x", 1});
    EXPECT_NE(unfinished.find("dialog_messages_unfinished"), std::string::npos) << unfinished;
}

/// What PostgreSQL makes of a statement before it knows the values: one line.
std::string plan_for_any_value(db::Connection& connection, const std::string& sql) {
    std::string numbered;
    std::string types;
    std::string values;
    int count = 0;
    for (const char c : sql) {
        numbered += c;
        if (c != '?') continue;
        numbered.replace(numbered.size() - 1, 1, fmt::format("${}", ++count));
        types += count == 1 ? "unknown" : ", unknown";
        values += count == 1 ? "'1'" : ", '1'";
    }
    EXPECT_TRUE(connection.execute_script("DEALLOCATE ALL"));
    EXPECT_TRUE(connection.execute_script(fmt::format("PREPARE asked({}) AS {}", types, numbered)));
    const std::string explain = fmt::format("EXPLAIN EXECUTE asked({})", values);
    std::string plan;
    EXPECT_TRUE(connection.execute(db::Statement{explain}, {}, [&](const db::Row& row) {
        plan += std::string(row.text(0)) + "; ";
        return true;
    })) << sql;
    return plan;
}

/// With what a database knows of its rows: here three of four have one status, and few the other.
TEST_P(Lists, take_their_index_whatever_the_value) {
    if (GetParam() == test::DatabaseKind::sqlite) return;  // knows nothing of its rows
    add(message(1));
    auto connection = plain_->connect().value();
    ASSERT_TRUE(connection->execute_script(R"(
        INSERT INTO dialog_messages
            SELECT (jsonb_populate_record(m, jsonb_build_object('id', lpad(i::text, 26, '0'),
                'status', CASE WHEN i % 4 > 0 THEN 2 WHEN i % 1000 > 0 THEN 0 ELSE 3 END))).*
            FROM dialog_messages m, generate_series(1, 40000) i;
        ANALYZE dialog_messages;
        SET plan_cache_mode = force_generic_plan)"));
    const MessageFilter filters[] = {{.status = DialogStatus::failed},
        {.status = DialogStatus::failed, .priority = Level::low},
        {.user_id = UserId("u1"), .status = DialogStatus::failed}};
    for (const auto& filter : filters) {
        for (const auto sort : {Sort::created_at, Sort::updated_at, Sort::priority}) {
            const ListPlan plan{.kind = "postgres", .leading = filter.user_id ? 1U : 0U};
            const auto query = messages_query(filter, {.sort = sort}, plan).value();
            for (const auto& sql : {query.page_sql, query.count_sql, query.end_sql,
                     probe_sql("status"), probe_sql("priority")}) {
                const auto read = plan_for_any_value(*connection, sql);
                EXPECT_TRUE(read.contains("Index")) << sql << "\n" << read;
                EXPECT_FALSE(read.contains("Seq Scan")) << sql << "\n" << read;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Databases, Lists, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
