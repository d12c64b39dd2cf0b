// A disk that is full: posts are refused by name, nothing accepted is lost, and all goes on when
// there is room again.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "support/daemon_session.h"
#include "support/loop_disk.h"
#include "support/queue_traffic.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

class FullDiskTest : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (!LoopDisk::possible()) GTEST_SKIP() << "needs root and loop devices";
    }

    /// Leaves about `bytes` free.
    static void fill(const LoopDisk& disk, std::uintmax_t bytes) {
        std::ofstream ballast(disk.path() / "ballast", std::ios::binary);
        const std::string block(65'536, 'b');
        while (std::filesystem::space(disk.path()).available > bytes) {
            ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush();
        }
    }
    /// Leaves nothing at all.
    static void fill_up(const LoopDisk& disk) {
        std::ofstream ballast(disk.path() / "ballast", std::ios::binary);
        const std::string block(4'096, 'b');
        while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
    }
    /// Posts until it is refused, and returns why.
    Error post_until_refused(DaemonSession& session, Ledger& ledger) {
        for (int i = 0; i < 100'000; ++i) {
            const std::string text = std::to_string(i) + std::string(20'000, '.');
            std::vector<NewMessage> one(1);
            one.front().data.content = Bytes(std::string(text));
            const auto posted = pool_.run(session.queues.post(QueueTraffic::queue, std::move(one)));
            if (!posted) return posted.error();
            ledger.accepted.emplace(posted->front().id, text);
        }
        return {};
    }

    /// Posts until it is taken: the store looks at the disk again a moment after a refusal.
    void post_when_there_is_room(DaemonSession& session, Ledger& ledger, const std::string& text) {
        const auto deadline = Deadline::after(std::chrono::seconds(10));
        while (true) {
            std::vector<NewMessage> one(1);
            one.front().data.content = Bytes(std::string(text));
            auto posted = pool_.run(session.queues.post(QueueTraffic::queue, std::move(one)));
            const bool is_full = !posted && posted.error().code == Errc::storage_full;
            if (is_full && !deadline.expired()) continue;
            ledger.accepted.emplace(must(std::move(posted)).front().id, text);
            return;
        }
    }
    void pop_and_ack(DaemonSession& session, Ledger& ledger, std::size_t count) {
        const client::PopOptions options{.max = static_cast<std::uint32_t>(count)};
        const auto popped = must(pool_.run(session.queues.pop(QueueTraffic::queue, options)));
        ASSERT_EQ(popped.size(), count);
        for (const auto& leased : popped) {
            ledger.acked.insert(leased.message.id);
            ledger.perhaps_acked.insert(leased.message.id);
            const auto acked =
                must(pool_.run(session.queues.ack(QueueTraffic::queue, {leased.receipt.text()})));
            EXPECT_EQ(acked.count, 1U);
        }
    }
    /// Batches that the store was given and refused.
    static std::string refused_batches(const Daemon& daemon) {
        const auto address = daemon.metrics_address();
        auto connection = RawConnection::connect(
            static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
        connection.send("GET /metrics HTTP/1.1\r\nHost: " + address + "\r\n\r\n");
        const auto body = connection.read_response().body;
        const auto at = body.find("\nbaton_queue_commit_failures_total ");
        return body.substr(at + 1, body.find('\n', at + 1) - at - 1);
    }

    IoPool pool_{1};
};

TEST_P(FullDiskTest, posts_are_refused_and_all_recovers_when_space_returns) {
    LoopDisk disk(96);
    const auto daemon = Daemon::start({.data_dir = disk.path() / "data",
        .settings = {"logging.level=error", std::string("queue.store=") + GetParam()}});
    DaemonSession session(*daemon);
    must(pool_.run(session.queues.put(QueueTraffic::queue, QueueConfig{})));
    fill(disk, 4 * 1024 * 1024);
    Ledger ledger;
    for (int round = 0; round < 3; ++round) {
        const auto refused = post_until_refused(session, ledger);
        EXPECT_EQ(refused.code, Errc::storage_full) << to_string(refused);
    }
    EXPECT_FALSE(ledger.accepted.empty());
    pop_and_ack(session, ledger, 2);
    expect_kept(*daemon, pool_, ledger);  // reading goes on, and so do acks
    EXPECT_EQ(refused_batches(*daemon), "baton_queue_commit_failures_total 0");

    std::filesystem::remove(disk.path() / "ballast");
    post_when_there_is_room(session, ledger, "room again");
    pop_and_ack(session, ledger, 2);
    daemon->kill9();
    daemon->restart();
    expect_kept(*daemon, pool_, ledger);
    daemon->kill9();
}

TEST_P(FullDiskTest, what_makes_room_goes_on_when_others_have_filled_the_disk) {
    LoopDisk disk(96);
    const auto daemon = Daemon::start({.data_dir = disk.path() / "data",
        .settings = {"logging.level=error", std::string("queue.store=") + GetParam()}});
    DaemonSession session(*daemon);
    must(pool_.run(session.queues.put(QueueTraffic::queue, QueueConfig{})));
    Ledger ledger;
    for (int i = 0; i < 300; ++i) post_when_there_is_room(session, ledger, std::to_string(i));
    fill_up(disk);
    EXPECT_EQ(post_until_refused(session, ledger).code, Errc::storage_full);
    for (int i = 0; i < 100; ++i) {
        pop_and_ack(session, ledger, 2);
        if (HasFailure()) return;
    }
    daemon->kill9();
    daemon->restart();
    expect_kept(*daemon, pool_, ledger);
    daemon->kill9();
}

INSTANTIATE_TEST_SUITE_P(Stores, FullDiskTest, testing::Values("sqlite", "journal"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
