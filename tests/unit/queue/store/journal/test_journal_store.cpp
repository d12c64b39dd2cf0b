// The journal as a store: it keeps what the store in memory keeps, through reopening, compaction
// and freeing.
#include <atomic>
#include <thread>

#include "journal_test.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

std::uint64_t bytes_on(SimulatedDisk& disk) {
    std::uint64_t bytes = 0;
    for (const auto& name : disk.names()) bytes += disk.bytes_of(name).size();
    return bytes;
}

TEST(JournalStore, keeps_what_the_store_in_memory_keeps) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        SimulatedDisk disk;
        StoreScript script(seed);
        Expectation expected;
        auto journal = std::make_unique<OpenJournal>(disk);
        journal->start();
        for (int i = 1; i <= 400; ++i) {
            const auto batch = script.next();
            must(journal->commit(batch, i % 3 == 0 ? Durability::relaxed : Durability::fsync));
            const auto held = expected.commit(batch);
            if (i % 80 == 0) {
                ASSERT_EQ(journal->picture(), held) << i;
            }
            if (i % 100 == 0) {
                journal = std::make_unique<OpenJournal>(disk);
                ASSERT_EQ(journal->picture(), held) << i;
            }
        }
    }
}

TEST(JournalStore, space_of_what_is_finished_comes_back) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    must(journal.commit({queue_one()}));
    const std::string content(1'000, 'c');
    std::uint64_t most = 0;
    for (std::uint64_t seq = 1; seq <= 2'000; ++seq) {
        must(journal.commit({post(seq, content)}));
        if (seq > 5) must(journal.commit({gone(seq - 5)}));
        most = std::max(most, bytes_on(disk));
    }
    EXPECT_LE(most, 8 * queue::JournalConfig::segment_size_min);  // of 2 MB that were posted
}

TEST(JournalStore, a_message_that_stays_does_not_hold_the_space_of_all_that_go) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    Expectation expected;
    const auto commit = [&](const Batch& batch) {
        must(journal.commit(batch));
        return expected.commit(batch);
    };
    commit({queue_one()});
    commit({post(1, "stays", "key of the one that stays")});
    commit({post(2, "goes", "key of one that is gone")});
    commit({gone(2)});
    const std::string content(1'000, 'c');
    std::uint64_t most = 0;
    std::string held;
    for (std::uint64_t seq = 3; seq <= 2'000; ++seq) {
        held = commit({post(seq, content), gone(seq)});
        most = std::max(most, bytes_on(disk));
    }
    EXPECT_LE(most, 12 * queue::JournalConfig::segment_size_min);
    EXPECT_EQ(journal.picture(), held);
    EXPECT_EQ(reopened(disk), held);
    EXPECT_NE(held.find("key of one that is gone"), std::string::npos);
}

TEST(JournalStore, a_purge_spares_the_moved_message_that_was_leased) {
    SimulatedDisk disk;
    auto journal = std::make_unique<OpenJournal>(disk);
    journal->start();
    Expectation expected;
    const auto commit = [&](const Batch& batch) {
        must(journal->commit(batch));
        return expected.commit(batch);
    };
    commit({queue_one(), post(1, "leased early")});
    commit({queue::DeliveryChanged{
        {queue::QueueNumber{1}, 1}, {.state = MessageState::leased, .attempts = 1}}});
    const std::string content(1'000, 'c');
    std::uint64_t seq = 1;
    for (int i = 0; i < 300; ++i) {
        ++seq;
        commit({post(seq, content), gone(seq)});
    }
    commit({queue::QueuePurged{{queue::QueueNumber{1}, seq}}});
    std::string held;
    for (int i = 0; i < 300; ++i) {
        ++seq;
        held = commit({post(seq, content), gone(seq)});
    }
    EXPECT_NE(held.find("leased early"), std::string::npos);
    EXPECT_EQ(reopened(disk), held);
}

/// The second part ends before the first: `reply_ttl` was shortened in between. Its record may go
/// with its segment while the first one stands further on, where compaction put it.
TEST(JournalStore, an_output_that_has_ended_does_not_come_back_by_halves) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    Expectation expected;
    const auto commit = [&](const Batch& batch) {
        must(journal.commit(batch));
        return expected.commit(batch);
    };
    const auto append = [](std::uint64_t seq, std::uint64_t first, Duration lasts) {
        return queue::OutputAppended{.at = {queue::QueueNumber{1}, seq},
            .first = first,
            .appended_at = FakeClock::start,
            .events = {Bytes(std::string("event"))},
            .expires_at = FakeClock::start + lasts};
    };
    const std::string content(1'000, 'c');
    constexpr std::uint64_t steps = 400;
    commit({queue_one()});
    for (std::uint64_t step = 1; step <= steps; ++step) {
        // A step's own message is 2 * step - 1; each lives for a while of its own.
        const std::uint64_t seq = 2 * step - 1;
        Batch batch{post(seq, "works"), append(seq, 0, std::chrono::hours(2)),
            post(seq + 1, content), gone(seq + 1)};
        if (step > 20) batch.emplace_back(append(seq - 40, 1, std::chrono::seconds(1)));
        std::string held = commit(batch);
        for (std::uint64_t old = 1; old + 20 < step; ++old) {
            if (old + 21 + old * 37 % 150 != step) continue;
            held = commit({gone(2 * old - 1), queue::RetentionPassed{queue::QueueNumber{1},
                                                  FakeClock::start + std::chrono::seconds(2)}});
        }
        if (step % 10 == 0) {
            ASSERT_EQ(reopened(disk), held) << step;
        }
    }
}

TEST(JournalStore, a_batch_larger_than_a_segment_gets_one_of_its_own) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    Expectation expected;
    const Batch batch{queue_one(), post(1, std::string(100'000, 'l')), post(2, "small")};
    must(journal.commit(batch));
    const auto held = expected.commit(batch);
    EXPECT_EQ(journal.picture(), held);
    EXPECT_EQ(reopened(disk), held);
}

TEST(JournalStore, a_full_disk_refuses_posts_and_lets_acks_make_room) {
    SimulatedDisk disk;
    disk.set_space(8 * queue::JournalConfig::segment_size_min);
    OpenJournal journal(disk);
    journal.start();
    must(journal.commit({queue_one()}));
    std::uint64_t last = 0;
    Result<void> result;
    while ((result = journal.commit({post(last + 1, std::string(900, 'f'))}))) ++last;
    EXPECT_EQ(result.error().code, Errc::storage_full);
    EXPECT_GT(last, 60U);
    EXPECT_FALSE(journal.commit({post(last + 1, "one more")}) &&
                 journal.commit({post(last + 2, std::string(5'000, 'f'))}));
    for (std::uint64_t seq = 1; seq <= last; ++seq) must(journal.commit({gone(seq)}));
    for (std::uint64_t seq = 1; seq <= 20; ++seq) {
        must(journal.commit({post(last + 10 + seq, std::string(900, 'f'))}));
    }
}

TEST(JournalStore, contents_can_be_read_beside_commits_and_removals) {
    const TempDir dir(fast_place());
    const auto store = must(queue::make_journal_store(
        dir / "journal", {.segment_size = queue::JournalConfig::segment_size_min}));
    PictureSink sink;
    must(store->recover(sink));
    must(store->commit(Batch{queue_one()}, Durability::fsync));
    std::atomic<std::uint64_t> newest = 0;
    std::atomic<bool> wrong = false;
    std::thread reader([&] {
        std::uint64_t seen = 0;
        while (seen < 3'000 && !wrong) {
            seen = newest.load();
            const std::vector<queue::Locator> at{{queue::QueueNumber{1}, seen}};
            const auto found = store->read(at);
            wrong = !found ||
                    (found->front() && found->front()->content.view() != std::to_string(seen));
        }
    });
    for (std::uint64_t seq = 1; seq <= 3'000; ++seq) {
        must(store->commit(Batch{post(seq, std::to_string(seq))}, Durability::relaxed));
        newest = seq;
        if (seq > 2) must(store->commit(Batch{gone(seq - 2)}, Durability::relaxed));
    }
    reader.join();
    EXPECT_FALSE(wrong);
}

TEST(JournalStore, refuses_sizes_that_make_no_sense) {
    SimulatedDisk disk;
    const auto files = disk.files();
    for (const std::uint64_t size : {0ULL, 4'096ULL, 20'000ULL, 1ULL << 40}) {
        const auto store = queue::make_journal_store(*files, {.segment_size = size});
        ASSERT_FALSE(store) << size;
        EXPECT_EQ(store.error().code, Errc::invalid_config);
    }
}

}  // namespace
}  // namespace baton::test
