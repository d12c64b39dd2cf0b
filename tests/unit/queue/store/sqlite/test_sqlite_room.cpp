// A SQLite file that may not grow any more: posts are refused before they change anything, what
// makes room goes on, and nothing is read back.
#include <gtest/gtest.h>

#include "support/queue_harness.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

/// Lets a file have so many pages.
class SmallDatabase final : public db::Database {
public:
    SmallDatabase(db::Database& inner, int pages) : inner_(inner), pages_(pages) {}
    Result<std::unique_ptr<db::Connection>> connect() override {
        BATON_TRY(auto connection, inner_.connect());
        BATON_TRY_VOID(
            connection->execute_script("PRAGMA max_page_count = " + std::to_string(pages_)));
        return connection;
    }
    std::string_view kind() const noexcept override { return inner_.kind(); }

private:
    db::Database& inner_;
    int pages_;
};

TEST(SqliteRoom, a_full_file_refuses_posts_and_lets_all_else_go_on) {
    const auto probe = std::make_shared<StoreProbe>();
    QueueHarness h({.sqlite = true},
        {.wrap_store =
                [&](auto store) { return std::make_unique<ProbeStore>(std::move(store), probe); },
            .wrap_database =
                [](db::Database& database) {
                    return std::make_unique<SmallDatabase>(database, 300);
                }});
    const QueueName q{"q"};
    must(h.run(h.queues().put_queue(q, {})));
    const auto post = [&](std::size_t size) {
        h.clock().advance(Duration(100));
        return h.run(h.queues().post(q, messages_of({{.text = std::string(size, 'x')}})));
    };
    std::uint64_t posted = 0;
    for (const std::size_t size : {100, 2'100, 4'100, 20'000}) {
        std::uint64_t fresh = 0;
        while (post(size)) ++fresh;
        EXPECT_GT(fresh * size, 100'000) << size;
        posted += fresh;
        for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome(post(size)), "storage_full");
        while (true) {
            const auto popped = must(h.run(h.queues().pop({.queue = q, .max = 10})));
            if (popped.empty()) break;
            std::vector<Receipt> receipts;
            for (const auto& leased : popped) receipts.push_back(leased.receipt);
            for (const auto& ack : must(h.run(h.queues().ack(receipts)))) must(Result<void>(ack));
        }
    }
    EXPECT_EQ(probe->recoveries(), 1);
    EXPECT_EQ(must(h.run(h.queues().stats(q))).acked_total, posted);
}

}  // namespace
}  // namespace baton::test
