// Power cuts: what was acknowledged is on the disk, whatever was on its way.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "runtime/task_group.h"
#include "support/daemon_session.h"
#include "support/loop_disk.h"

namespace baton::test {
namespace {

constexpr std::size_t producers = 12;
constexpr std::size_t consumers = 4;
const QueueName queue_name{"power"};

/// What a client was told, and what it does not know.
struct Ledger {
    std::map<MessageId, std::string> accepted;  ///< content, by id
    std::set<MessageId> acked;                  ///< the daemon said so
    std::set<MessageId> perhaps_acked;          ///< asked, not answered
};

/// Posts and acks against one incarnation of a daemon until it stops answering. Everything of a
/// client runs on one executor.
class Traffic {
public:
    Traffic(const Daemon& daemon, Ledger& ledger, std::uint64_t run)
        : session_(daemon), ledger_(ledger), run_(run) {}

    void start(IoPool& pool) {
        const auto spawn = [&]() -> Task<void> {
            for (std::size_t i = 0; i < producers; ++i)
                group_->spawn([this, i] { return post(i); });
            for (std::size_t i = 0; i < consumers; ++i) group_->spawn([this] { return take(); });
            co_return;
        };
        group_ = std::make_unique<TaskGroup>(pool.executor(0));
        pool.run(spawn());
    }
    /// Waits until `count` more posts were answered, or all producers have ended.
    void wait_for(std::size_t count) const {
        for (std::size_t seen = steps_.load(); seen < count && ended_.load() < producers;
            seen = steps_.load()) {
            steps_.wait(seen);
        }
    }
    void finish(IoPool& pool) {
        const auto drain = [&]() -> Task<void> {
            const auto left = co_await group_->drain(Deadline::after(std::chrono::seconds(60)));
            EXPECT_EQ(left, 0U);
        };
        pool.run(drain());
    }

private:
    Task<void> post(std::size_t number) {
        for (std::uint64_t i = 0;; ++i) {
            std::vector<NewMessage> batch(1 + i % 5);
            for (std::size_t k = 0; k < batch.size(); ++k) {
                std::string text = std::to_string(run_) + "/" + std::to_string(number) + "/" +
                                   std::to_string(i) + "/" + std::to_string(k) + "/";
                text.resize(60 + (i * 977) % 6'000, '.');
                batch[k].data.content = Bytes(std::move(text));
            }
            const auto sent = batch;
            const auto posted = co_await session_.queues.post(queue_name, std::move(batch));
            if (!posted) break;
            for (std::size_t k = 0; k < posted->size(); ++k) {
                ledger_.accepted.emplace((*posted)[k].id, std::string(sent[k].data.content.view()));
            }
            steps_.fetch_add(1);
            steps_.notify_all();
        }
        ended_.fetch_add(1);
        steps_.fetch_add(1);
        steps_.notify_all();
    }
    Task<void> take() {
        while (true) {
            const client::PopOptions options{
                .max = 3, .lease = Duration(3'600'000), .wait = Duration(200)};
            const auto popped = co_await session_.queues.pop(queue_name, options);
            if (!popped) co_return;
            std::vector<std::string> receipts;
            for (const auto& leased : *popped) {
                ledger_.perhaps_acked.insert(leased.message.id);
                receipts.push_back(leased.receipt.text());
            }
            if (receipts.empty()) continue;
            const auto acked = co_await session_.queues.ack(queue_name, std::move(receipts));
            if (!acked || !acked->failures.empty()) co_return;
            for (const auto& leased : *popped) ledger_.acked.insert(leased.message.id);
        }
    }

    DaemonSession session_;
    Ledger& ledger_;
    std::uint64_t run_;
    std::atomic<std::size_t> steps_ = 0;
    std::atomic<std::size_t> ended_ = 0;
    std::unique_ptr<TaskGroup> group_;
};

class PowerTest : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (!LoopDisk::possible()) GTEST_SKIP() << "needs root and loop devices";
        const char* given = std::getenv("BATON_TEST_SEED");
        seed_ = given != nullptr ? std::stoul(given) : std::random_device{}();
        random_.seed(seed_);
    }

    std::unique_ptr<Daemon> start_on(const LoopDisk& disk) {
        return Daemon::start({.data_dir = disk.path() / "data",
            .settings = {"logging.level=warn", std::string("queue.store=") + GetParam()}});
    }
    void make_queue(const Daemon& daemon) {
        DaemonSession session(daemon);
        must_ok(pool_.run(session.queues.put(queue_name, QueueConfig{})));
    }

    /// What has been heard up to now. Who hears an answer after the power went is not there: the
    /// kernel itself may call an fsync a success that a shutdown overtook.
    Ledger heard(const Ledger& ledger) {
        const auto copy = [&]() -> Task<Ledger> { co_return ledger; };
        return pool_.run(copy());
    }

    /// Nothing acknowledged is missing or changed, nothing acked is back.
    void expect_kept(const Daemon& daemon, const Ledger& ledger) {
        DaemonSession session(daemon);
        std::map<MessageId, std::string> kept;
        client::PeekOptions options{.limit = 1'000};
        do {
            const auto page = pool_.run(session.queues.peek(queue_name, options));
            must_ok(page);
            for (const auto& view : page->messages) {
                EXPECT_TRUE(kept.emplace(view.id, view.data->content.view()).second);
            }
            options.cursor = page->next;
        } while (!options.cursor.empty());
        std::size_t lost = 0;
        for (const auto& [id, content] : ledger.accepted) {
            const auto found = kept.find(id);
            if (found == kept.end()) {
                lost += ledger.perhaps_acked.contains(id) ? 0 : 1;
            } else {
                EXPECT_EQ(found->second, content) << id.text();
            }
        }
        EXPECT_EQ(lost, 0U) << "of " << ledger.accepted.size();
        for (const auto& id : ledger.acked) EXPECT_FALSE(kept.contains(id)) << id.text();
    }

    template <class T>
    static void must_ok(const Result<T>& result) {
        if (!result) throw std::runtime_error(to_string(result.error()));
    }

    std::uint64_t seed_ = 0;
    std::mt19937_64 random_;
    IoPool pool_{1};
};

TEST_P(PowerTest, a_cut_at_any_moment_loses_nothing_acknowledged) {
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed_));
    LoopDisk disk;
    Ledger ledger;
    auto daemon = start_on(disk);
    make_queue(*daemon);
    for (std::uint64_t round = 0; round < 6; ++round) {
        Traffic traffic(*daemon, ledger, round);
        traffic.start(pool_);
        traffic.wait_for(1 + random_() % 1'500);
        auto known = heard(ledger);
        disk.cut_power();
        traffic.finish(pool_);
        known.perhaps_acked = ledger.perhaps_acked;
        ledger = std::move(known);
        daemon->kill9();
        disk.power_on();
        daemon->restart();
        expect_kept(*daemon, ledger);
    }
    EXPECT_FALSE(ledger.accepted.empty());
    EXPECT_FALSE(ledger.acked.empty());
    daemon->kill9();
}

TEST_P(PowerTest, the_disk_as_it_is_at_any_moment_holds_all_acknowledged) {
    SCOPED_TRACE("BATON_TEST_SEED=" + std::to_string(seed_));
    LoopDisk disk;
    Ledger ledger;
    const auto daemon = start_on(disk);
    make_queue(*daemon);
    Traffic traffic(*daemon, ledger, 0);
    traffic.start(pool_);
    for (std::size_t seen = 0, image = 0; image < 4; ++image) {
        seen += 1 + random_() % 400;
        traffic.wait_for(seen);
        auto known = heard(ledger);
        daemon->process().send_signal(SIGSTOP);
        const LoopDisk copy = LoopDisk::crash_image(disk);
        daemon->process().send_signal(SIGCONT);
        known.perhaps_acked = heard(ledger).perhaps_acked;
        const auto revived = start_on(copy);
        expect_kept(*revived, known);
        revived->kill9();
    }
    daemon->kill9();
    traffic.finish(pool_);
    EXPECT_FALSE(ledger.acked.empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, PowerTest, testing::Values("sqlite"),
    [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace baton::test
