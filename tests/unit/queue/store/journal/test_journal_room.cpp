// A disk that fills up under a journal: what was promised room gets it, what makes room goes on,
// and the engine above reads nothing back.
#include <deque>
#include <random>

#include "journal_test.h"
#include "queue/engine/engine_queues.h"
#include "queue/engine/growth.h"
#include "queue/store/journal/fsck.h"
#include "runtime/io_pool.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

constexpr std::uint64_t segment = queue::JournalConfig::segment_size_min;

queue::MessagePosted post(std::uint64_t seq, std::size_t size) {
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::string(size, 'f'));
    return {.at = {queue::QueueNumber{1}, seq},
        .posted_at = FakeClock::start,
        .due_at = FakeClock::start,
        .data = std::move(data)};
}

/// Posts and finishes messages by chance, on a disk that is too small for all of them.
class Traffic {
public:
    Traffic(SimulatedDisk& disk, std::uint64_t seed) : random_(seed), journal_(disk) {
        journal_.start();
        commit({queue_one()});
    }

    void step() {
        if (random_() % 200 == 0) return finish_all();
        Batch batch;
        const std::uint64_t first_new = next_;
        add_posts(batch);
        add_ends(batch, random_() % 5, first_new);
        if (!batch.empty()) commit(batch);
    }
    /// What must be there.
    [[nodiscard]] std::string picture() { return must(picture_of(*expected_)); }

    int taken = 0;
    int refused = 0;

private:
    void commit(const Batch& batch) {
        const auto committed = journal_.commit(batch);
        ASSERT_TRUE(committed) << to_string(committed.error());
        must(expected_->commit(batch, Durability::fsync));
    }
    void add_posts(Batch& batch) {
        Batch posts;
        std::uint64_t growth = 0;
        for (auto n = random_() % 6; n > 0; --n) {
            const auto posted = post(next_ + posts.size(), random_() % 3'000);
            growth += queue::growth_of(*posted.data);
            posts.emplace_back(posted);
        }
        if (posts.empty()) return;
        const auto room = journal_.store().reserve(growth);
        if (!room) {
            EXPECT_EQ(room.error().code, Errc::storage_full);
            ++refused;
            return;
        }
        EXPECT_GE(*room, growth);
        ++taken;
        for (auto& record : posts) {
            there_.push_back(next_++);
            batch.push_back(std::move(record));
        }
    }
    void finish_all() {
        while (!there_.empty()) {
            Batch batch;
            add_ends(batch, 50, next_);
            commit(batch);
        }
    }
    void add_ends(Batch& batch, std::uint64_t going, std::uint64_t first_new) {
        for (; going > 0 && !there_.empty(); --going) {
            const auto at = random_() % std::min<std::size_t>(there_.size(), 20);
            if (there_[at] >= first_new) return;
            batch.emplace_back(gone(there_[at]));
            there_.erase(there_.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }

    std::mt19937_64 random_;
    OpenJournal journal_;
    std::unique_ptr<queue::Store> expected_ = queue::make_memory_store();
    std::deque<std::uint64_t> there_;
    std::uint64_t next_ = 1;
};

TEST(JournalRoom, a_batch_that_was_promised_room_is_taken_and_so_is_what_makes_room) {
    int refused = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        SimulatedDisk disk;
        disk.set_space((6 + seed) * segment);
        Traffic traffic(disk, seed);
        for (int i = 1; i <= 3'000 && !HasFatalFailure(); ++i) {
            traffic.step();
            if (i % 300 != 0) continue;
            const auto expected = traffic.picture();
            disk.for_each_power_cut(
                3, seed, [&](SimulatedDisk cut) { EXPECT_EQ(reopened(cut), expected) << i; });
        }
        EXPECT_GT(traffic.taken, 100);
        EXPECT_EQ(reopened(disk), traffic.picture());
        EXPECT_FALSE(must(queue::journal::check_journal(*disk.files())).has_damage());
        refused += traffic.refused;
    }
    EXPECT_GT(refused, 100);
}

TEST(JournalRoom, what_was_told_stays_when_more_is_asked_for_in_vain) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    must(journal.commit({queue_one()}));
    must(journal.store().reserve(segment - 5'000));
    const auto room = must(journal.store().reserve(0));
    disk.set_space(0);
    EXPECT_FALSE(journal.store().reserve(10 * segment));
    EXPECT_EQ(must(journal.store().reserve(0)), room);
    must(journal.commit({post(1, room - queue::record_growth)}));
}

TEST(JournalRoom, costs_no_call_while_there_is_room) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    must(journal.commit({queue_one()}));
    disk.fail_call(SimulatedDisk::Call::any, 1, Errc::storage_io);
    EXPECT_GE(must(journal.store().reserve(5'000)), 5'000);
    EXPECT_FALSE(disk.fired());
}

TEST(JournalRoom, the_engine_refuses_posts_and_reads_nothing_back) {
    SimulatedDisk disk;
    disk.set_space(40 * segment);
    const auto files = disk.files();
    const auto probe = std::make_shared<StoreProbe>();
    FakeClock clock;
    MetricRegistry metrics;
    IoPool pool{1};
    auto store = std::make_unique<ProbeStore>(
        must(queue::make_journal_store(*files, {.segment_size = segment})), probe);
    const auto queues = must(queue::make_engine_queues(std::move(store), {}, clock, metrics, {}));
    const QueueName q{"q"};
    must(pool.run(queues->put_queue(q, {})));
    const auto post_one = [&] {
        clock.advance(Duration(100));
        return pool.run(queues->post(q, messages_of({{.text = std::string(1'000, 'x')}})));
    };
    std::uint64_t posted = 0;
    for (int round = 0; round < 5; ++round) {
        std::uint64_t fresh = 0;
        while (post_one()) ++fresh;
        EXPECT_GT(fresh, 100);
        posted += fresh;
        for (int i = 0; i < 20; ++i) EXPECT_EQ(outcome(post_one()), "storage_full");
        while (true) {
            const auto popped = must(pool.run(queues->pop({.queue = q, .max = 10})));
            if (popped.empty()) break;
            std::vector<Receipt> receipts;
            for (const auto& leased : popped) receipts.push_back(leased.receipt);
            for (const auto& ack : must(pool.run(queues->ack(receipts)))) must(Result<void>(ack));
        }
    }
    EXPECT_EQ(probe->recoveries(), 1);
    EXPECT_EQ(must(pool.run(queues->stats(q))).acked_total, posted);
    queues->stop();
}

}  // namespace
}  // namespace baton::test
