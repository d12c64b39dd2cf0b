// The writer under load and on a failing database: shared transactions, nothing half done.
#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <thread>

#include <boost/asio/this_coro.hpp>

#include "conversations/group_writer.h"
#include "harness.h"
#include "runtime/task_group.h"

namespace baton::conversations {
namespace {

/// Counts commits, and holds the first back until it is told to go.
class SlowConnection final : public db::Connection {
public:
    SlowConnection(
        std::unique_ptr<db::Connection> inner, std::atomic<int>& commits, std::atomic<bool>& open)
        : inner_(std::move(inner)), commits_(commits), open_(open) {}

    Result<std::int64_t> execute(const db::Statement& statement, std::span<const db::Value> values,
        const db::RowSink& sink) override {
        return inner_->execute(statement, values, sink);
    }
    Result<void> execute_script(std::string_view sql) override {
        return inner_->execute_script(sql);
    }
    Result<void> begin() override { return inner_->begin(); }
    Result<void> commit() override {
        open_.wait(false);
        ++commits_;
        return inner_->commit();
    }
    void rollback() noexcept override { inner_->rollback(); }

private:
    std::unique_ptr<db::Connection> inner_;
    std::atomic<int>& commits_;
    std::atomic<bool>& open_;
};

class GroupCommit : public StoreTest {
protected:
    static constexpr db::Statement insert{"INSERT INTO numbers (x) VALUES (?)"};

    GroupCommit() {
        auto connection = plain_->connect().value();
        EXPECT_TRUE(connection->execute_script("CREATE TABLE numbers (x INTEGER PRIMARY KEY)"));
    }

    static std::function<Result<bool>(db::Connection&)> number(std::int64_t x) {
        return [x](db::Connection& connection) -> Result<bool> {
            const std::array<db::Value, 1> values{x};
            BATON_TRY_VOID(connection.execute(insert, values));
            return true;
        };
    }

    std::set<std::int64_t> numbers() {
        static constexpr db::Statement select{"SELECT x FROM numbers"};
        std::set<std::int64_t> found;
        auto connection = plain_->connect().value();
        EXPECT_TRUE(connection->execute(select, {}, [&](const db::Row& row) {
            found.insert(row.integer(0));
            return true;
        }));
        return found;
    }
};

TEST_P(GroupCommit, shares_one_transaction_among_those_who_wait) {
    std::atomic<int> commits{0};
    std::atomic<bool> open{false};
    GroupWriter writer(std::make_unique<SlowConnection>(plain_->connect().value(), commits, open));
    constexpr int count = 50;
    int answered = 0;
    const auto write_all = [&]() -> Task<void> {
        TaskGroup group(co_await asio::this_coro::executor);
        for (int i = 0; i < count; ++i) {
            group.spawn([&, i]() -> Task<void> {
                auto result = co_await writer.run<bool>(number(i));
                EXPECT_TRUE(result.value());
                ++answered;
            });
        }
        group.spawn([&]() -> Task<void> {
            EXPECT_EQ(answered, 0) << "nobody is answered before the commit";
            open = true;
            open.notify_all();
            co_return;
        });
        const auto cancelled = co_await group.drain(Deadline::never());
        EXPECT_EQ(cancelled, 0u);
    };
    run(write_all());
    EXPECT_EQ(answered, count);
    EXPECT_EQ(numbers().size(), static_cast<std::size_t>(count));
    // The first was held until all others had come, and those shared the second.
    EXPECT_LE(commits, 2);
}

TEST_P(GroupCommit, spares_the_neighbours_of_a_write_that_fails) {
    GroupWriter writer(plain_->connect().value());
    ASSERT_TRUE(run(writer.run<bool>(number(1))));
    const auto half_done = [](db::Connection& connection) -> Result<bool> {
        BATON_TRY_VOID(number(99)(connection));
        return baton::fail(Errc::conflict, "changed my mind");
    };
    EXPECT_EQ(run(writer.run<bool>(half_done)).error().code, Errc::conflict);
    EXPECT_EQ(run(writer.run<bool>(number(1))).error().code, Errc::conflict);
    EXPECT_TRUE(run(writer.run<bool>(number(2))));
    EXPECT_EQ(numbers(), (std::set<std::int64_t>{1, 2}));
}

TEST_P(GroupCommit, spares_the_neighbours_inside_of_one_transaction) {
    std::atomic<int> commits{0};
    std::atomic<bool> open{false};
    const auto finish = [](Transaction& transaction) -> Result<void> {
        for (const auto& text : transaction.take_texts()) {
            if (text.id == "bad") return baton::fail(Errc::message_too_large, "no index takes it");
        }
        return {};
    };
    GroupWriter writer(
        std::make_unique<SlowConnection>(plain_->connect().value(), commits, open), finish);
    const auto half_done = [](db::Connection& connection) -> Result<bool> {
        BATON_TRY_VOID(number(99)(connection));
        return baton::fail(Errc::conflict, "changed my mind");
    };
    const auto refused = [](db::Connection&) -> Result<bool> {
        return baton::fail(Errc::rate_limited, "not now");
    };
    const auto unfinished = [](Transaction& transaction) -> Result<bool> {
        BATON_TRY_VOID(number(98)(transaction));
        transaction.add_text({.id = "bad"});
        return true;
    };
    using Body = std::function<Result<bool>(Transaction&)>;
    const std::vector<Body> bodies{
        number(1), refused, number(2), half_done, number(3), unfinished, number(2), number(4)};
    std::vector<std::optional<Errc>> said(bodies.size());
    const auto write_all = [&]() -> Task<void> {
        TaskGroup group(co_await asio::this_coro::executor);
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            group.spawn([&, i]() -> Task<void> {
                const auto result = co_await writer.run<bool>(bodies[i]);
                if (!result) said[i] = result.error().code;
            });
        }
        group.spawn([&]() -> Task<void> {
            open = true;
            open.notify_all();
            co_return;
        });
        const auto cancelled = co_await group.drain(Deadline::never());
        EXPECT_EQ(cancelled, 0u);
    };
    run(write_all());
    const std::vector<std::optional<Errc>> expected{std::nullopt, Errc::rate_limited, std::nullopt,
        Errc::conflict, std::nullopt, Errc::message_too_large, Errc::conflict, std::nullopt};
    EXPECT_EQ(said, expected);
    EXPECT_EQ(numbers(), (std::set<std::int64_t>{1, 2, 3, 4}));
    EXPECT_LE(commits, 2);
}

TEST_P(GroupCommit, fails_every_write_of_a_transaction_that_fails) {
    for (int n = 1;; ++n) {
        GroupWriter writer(database_.connect().value());
        faults_.fail_call(n, Errc::storage_full);
        const auto done = run(writer.run<bool>(number(n)));
        if (!faults_.fired()) break;
        ASSERT_FALSE(done) << n;
        EXPECT_EQ(done.error().code, Errc::storage_full) << n;
        EXPECT_FALSE(numbers().contains(n)) << n;
        EXPECT_TRUE(run(writer.run<bool>(number(1'000 + n)))) << n;
    }
}

TEST_P(GroupCommit, finishes_what_is_queued_when_it_goes) {
    {
        IoPool io(4);  // outlives the writer, whose thread resumes what waits on it
        GroupWriter writer(plain_->connect().value());
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                for (std::size_t k = 0; k < 25; ++k) {
                    EXPECT_TRUE(io.run_on(
                        i, writer.run<bool>(number(static_cast<std::int64_t>(i * 100 + k)))));
                }
            });
        }
    }
    EXPECT_EQ(numbers().size(), 100u);
}

using StoreFaults = StoreTest;

TEST_P(StoreFaults, leave_no_half_written_message) {
    std::uint64_t seq = 1;
    for (int n = 1;; ++n, ++seq) {
        const auto given = message(seq, "c" + std::to_string(seq));
        faults_.fail_call(n);
        const auto added = run(store_.conversations->add_message(given));
        if (!faults_.fired()) break;
        ASSERT_FALSE(added) << n;
        EXPECT_EQ(added.error().code, Errc::storage_io);
        EXPECT_EQ(
            run(store_.conversations->get_message(given.id)).error().code, Errc::message_not_found);
        EXPECT_EQ(run(store_.conversations->get(given.conversation_id)).error().code,
            Errc::conversation_not_found)
            << n;
        EXPECT_TRUE(add(given));  // the second attempt does all of it
        EXPECT_EQ(conversation_row(given.conversation_id.text).message_count, 1u);
    }
    EXPECT_GT(seq, 5u) << "begin, four statements, commit";
}

TEST_P(StoreFaults, leave_no_half_written_answer) {
    add(message(1));
    ASSERT_TRUE(run(store_.writer->mark_processing(id(1), 0, start)));
    for (int n = 1;; ++n) {
        const auto before = get(1);
        const auto row = conversation_row("c1");
        faults_.fail_call(n);
        const auto done = run(store_.writer->complete(id(1), reply(1)));
        if (!faults_.fired()) {
            EXPECT_TRUE(done.value());
            faults_.fail_call(0);
            break;
        }
        ASSERT_FALSE(done) << n;
        EXPECT_EQ(get(1), before) << n;
        EXPECT_EQ(conversation_row("c1"), row) << n;
    }
    EXPECT_EQ(get(1).reply, reply(1));
}

TEST_P(StoreFaults, are_reported_by_reads) {
    add(message(1));
    faults_.fail_call(1, Errc::database_unavailable);
    EXPECT_EQ(
        run(store_.conversations->list_messages({}, {})).error().code, Errc::database_unavailable);
    faults_.fail_call(2, Errc::database_unavailable);  // after the count
    EXPECT_EQ(
        run(store_.conversations->list_messages({}, {})).error().code, Errc::database_unavailable);
    EXPECT_TRUE(run(store_.conversations->list_messages({}, {})));
}

TEST_P(StoreFaults, of_damaged_rows_are_corruption) {
    add(message(1));
    auto connection = plain_->connect().value();
    ASSERT_TRUE(connection->execute_script("UPDATE dialog_messages SET priority = 77"));
    EXPECT_EQ(run(store_.conversations->get_message(id(1))).error().code, Errc::storage_corrupt);
    EXPECT_EQ(run(store_.conversations->list_messages({}, {})).error().code, Errc::storage_corrupt);
    ASSERT_TRUE(connection->execute_script("UPDATE conversations SET state = -1"));
    EXPECT_EQ(
        run(store_.conversations->get(ConversationId("c1"))).error().code, Errc::storage_corrupt);
}

TEST_P(StoreFaults, do_not_come_from_many_callers_at_once) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (std::uint64_t k = 0; k < 25; ++k) {
                const std::uint64_t seq = i * 1'000 + k;
                EXPECT_TRUE(io_.run_on(i, store_.conversations->add_message(message(seq))).value());
                EXPECT_TRUE(io_.run_on(i, store_.writer->complete(id(seq), reply(seq))).value());
                EXPECT_TRUE(io_.run_on(i, store_.conversations->get_message(id(seq)))->reply);
                EXPECT_TRUE(io_.run_on(i, store_.conversations->list_messages({}, {})));
            }
        });
    }
    threads.clear();
    EXPECT_EQ(conversation_row("c1").message_count, 100u);
}

INSTANTIATE_TEST_SUITE_P(Databases, GroupCommit, test::both_databases(), test::database_name);
INSTANTIATE_TEST_SUITE_P(Databases, StoreFaults, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations
