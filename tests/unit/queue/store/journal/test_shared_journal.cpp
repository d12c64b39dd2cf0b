// The journal as the copy of a shared log: what it has beforehand must never matter.
#include <stop_token>

#include <gtest/gtest.h>

#include "journal_test.h"
#include "support/fake_shared_log.h"

namespace baton::test {
namespace {

using queue::JournalConfig;
using queue::QueueNumber;

constexpr std::uint64_t seed = 7;
constexpr int batch_count = 120;  // a good number of segments, of which some have gone

/// One machine: its own disk, and a store on the log of all.
class Machine {
public:
    explicit Machine(SharedLogDisk& log, std::uint64_t size_max = 0)
        : log_(log), size_max_(size_max) {}

    /// Takes over; what the store holds then, or the error.
    std::string open() {
        close();
        files_ = disk_.files();
        store_ = must(queue::make_journal_store(*files_,
            {.segment_size = JournalConfig::segment_size_min,
                .size_max = size_max_,
                .on_room = [this](std::uint64_t bytes) { room = bytes; }},
            std::make_unique<FakeSharedLog>(log_)));
        const auto painted = picture_of(*store_);
        return painted ? *painted : to_string(painted.error());
    }
    void close() {
        store_.reset();
        files_.reset();
    }
    /// Copies the log while another machine may write it, and breaks off after so many entries.
    Result<void> copy(std::size_t entries_max = SIZE_MAX) {
        const auto files = disk_.files();
        std::stop_source stop;
        if (entries_max == 0) stop.request_stop();
        FakeSharedLog log(log_);
        log.on_read = [&](std::size_t count) {
            if (count == entries_max) stop.request_stop();
        };
        return queue::copy_log(*files, log, stop.get_token());
    }
    Result<void> commit(const Batch& batch, Durability durability = Durability::fsync) {
        return store_->commit(batch, durability);
    }
    [[nodiscard]] SimulatedDisk& disk() { return disk_; }
    [[nodiscard]] queue::Store& store() { return *store_; }

    std::uint64_t room = UINT64_MAX;  ///< that was told of last

private:
    SharedLogDisk& log_;
    const std::uint64_t size_max_;
    SimulatedDisk disk_;
    std::unique_ptr<queue::journal::FileSystem> files_;
    std::unique_ptr<queue::Store> store_;
};

class SharedJournal : public ::testing::Test {
protected:
    /// Writes the next `count` batches of the script on `machine`.
    void write(Machine& machine, int count) {
        for (int i = 0; i < count; ++i) {
            const auto batch = script.next();
            must(machine.commit(batch));
            static_cast<void>(expected.commit(batch));
        }
    }

    SharedLogDisk log;
    StoreScript script{seed};
    Expectation expected;
};

TEST_F(SharedJournal, another_machine_finds_everything) {
    Machine first(log);
    first.open();
    write(first, batch_count);
    Machine second(log);
    EXPECT_EQ(second.open(), expected.picture());
}

TEST_F(SharedJournal, segments_that_are_no_longer_needed_leave_the_log_too) {
    Machine machine(log);
    machine.open();
    write(machine, 3 * batch_count);
    EXPECT_GT(log.entries.begin()->first, 1U);
}

/// Whether it is the log that is full, or the journal, whose log may take less.
class FullSharedJournal : public SharedJournal, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Of, FullSharedJournal, ::testing::Bool());

TEST_P(FullSharedJournal, takes_posts_again_when_all_is_done_with) {
    constexpr std::uint64_t size = 2'000;
    constexpr auto size_max = 8 * JournalConfig::segment_size_min;
    const bool is_the_log = GetParam();
    if (is_the_log) log.size_max = size_max;
    Machine machine(log, is_the_log ? 0 : size_max);
    machine.open();
    must(machine.commit({queue_one()}));
    std::uint64_t last = 0;
    while (machine.store().reserve(size))
        must(machine.commit({post(++last, std::string(size, 'f'))}));
    ASSERT_GT(last, 3U);
    if (!is_the_log) {
        EXPECT_GT(last * size, size_max * 3 / 8) << "segments have a head and a tail";
        EXPECT_LE(last * size, size_max * 3 / 4);
        EXPECT_EQ(machine.store().reserve(size).error().code, Errc::storage_full);
        EXPECT_LT(machine.room, size);
        machine.open();
        EXPECT_LT(machine.room, size);
        EXPECT_EQ(machine.store().reserve(size).error().code, Errc::storage_full);
    }
    Batch done;
    for (std::uint64_t seq = 1; seq <= last; ++seq) done.emplace_back(gone(seq));
    must(machine.commit(done));
    for (int i = 0; i < 3; ++i) {
        must(machine.store().reserve(size));
        must(machine.commit({post(++last, std::string(size, 'f'))}));
    }
}

/// What lives stands in the oldest segments, where half of nothing is dead.
TEST_F(SharedJournal, a_full_log_takes_posts_again_when_most_of_it_is_done_with) {
    constexpr std::uint64_t size = 2'000;
    Machine machine(log, 8 * JournalConfig::segment_size_min);
    machine.open();
    must(machine.commit({queue_one()}));
    std::uint64_t last = 0;
    while (machine.store().reserve(size)) {
        must(machine.commit({post(++last, std::string(size, 'f'))}));
    }
    Batch done;
    for (std::uint64_t seq = last / 3; seq <= last; ++seq) done.emplace_back(gone(seq));
    must(machine.commit(done));
    for (int i = 0; i < 5; ++i) {
        for (int tries = 0; tries < 5 && !machine.store().reserve(size); ++tries) {
        }
        must(machine.store().reserve(size));
        must(machine.commit({post(++last, std::string(size, 'f'))}));
    }
    EXPECT_GE(machine.room, size);
}

TEST_F(SharedJournal, one_segment_that_takes_all_that_is_allowed_is_left) {
    constexpr std::uint64_t size = 40'000;
    Machine machine(log, 4 * JournalConfig::segment_size_min);
    machine.open();
    must(machine.commit({queue_one()}));
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        must(machine.store().reserve(size));
        must(machine.commit({post(seq, std::string(size, 'f'))}));
        EXPECT_EQ(machine.store().reserve(size).error().code, Errc::storage_full);
        must(machine.commit({gone(seq)}));
    }
    const auto held = machine.open();
    EXPECT_EQ(Machine(log).open(), held);
}

TEST_F(SharedJournal, a_copy_that_is_behind_catches_up) {
    Machine first(log);
    first.open();
    Machine second(log);
    for (int turn = 0; turn < 10; ++turn) {
        Machine& writer = turn % 2 == 0 ? first : second;
        EXPECT_EQ(writer.open(), expected.picture()) << turn;
        write(writer, batch_count / 10);
    }
    EXPECT_EQ(first.open(), expected.picture());
}

TEST_F(SharedJournal, a_copy_reads_only_what_it_lacks) {
    Machine machine(log);
    machine.open();
    write(machine, batch_count / 4);
    machine.close();
    // What it has already may be gone from the log, but for the last of it.
    log.entries.erase(log.entries.begin(), std::prev(log.entries.end()));
    EXPECT_EQ(machine.open(), expected.picture());
}

TEST_F(SharedJournal, a_copy_is_made_beside_the_writer_who_goes_on) {
    Machine writer(log);
    writer.open();
    Machine heir(log);
    for (int turn = 0; turn < 10; ++turn) {
        must(heir.copy());
        write(writer, batch_count / 10);
    }
    must(heir.copy());
    // What was copied is not needed any more, but for the last of it.
    log.entries.erase(log.entries.begin(), std::prev(log.entries.end()));
    EXPECT_EQ(heir.open(), expected.picture());
}

TEST_F(SharedJournal, a_copy_that_was_broken_off_is_a_beginning) {
    Machine writer(log);
    writer.open();
    write(writer, batch_count / 4);
    for (std::size_t entries = 0; entries < log.entries.size(); ++entries) {
        Machine heir(log);
        EXPECT_EQ(heir.copy(entries).error().code, Errc::cancelled) << entries;
        EXPECT_EQ(heir.open(), expected.picture()) << entries;
    }
}

TEST_F(SharedJournal, a_power_cut_spoils_a_copy_and_nothing_else) {
    Machine writer(log);
    writer.open();
    write(writer, batch_count / 3);
    Machine heir(log);
    must(heir.copy());
    heir.disk().for_each_power_cut(200, seed, [&](SimulatedDisk left) {
        Machine after(log);
        after.disk() = std::move(left);
        ASSERT_EQ(after.open(), expected.picture());
    });
}

TEST_F(SharedJournal, a_writer_that_was_replaced_commits_nothing_more) {
    Machine first(log);
    first.open();
    write(first, 5);
    Machine second(log);
    second.open();
    const auto batch = script.next();
    EXPECT_EQ(first.commit(batch).error().code, Errc::storage_io);
    EXPECT_EQ(first.commit(batch).error().code, Errc::storage_io);
    EXPECT_EQ(second.open(), expected.picture());
    must(second.commit(batch));
    static_cast<void>(expected.commit(batch));
    write(second, 5);
    EXPECT_EQ(first.open(), expected.picture());
}

/// What the engine does after a refused batch.
void must_recover(Machine& machine) {
    const auto painted = picture_of(machine.store());
    ASSERT_TRUE(painted) << to_string(painted.error());
}

TEST_F(SharedJournal, an_append_that_was_refused_leaves_no_trace) {
    Machine machine(log);
    machine.open();
    for (int i = 0; i < batch_count; ++i) {
        const auto batch = script.next();
        if (i % 3 == 0) {
            const auto code = i % 2 == 0 ? Errc::storage_full : Errc::unavailable;
            log.before_append = [&] { return Result<void>(fail(code, "planted")); };
            EXPECT_EQ(machine.commit(batch).error().code, code);
            log.before_append = [] { return Result<void>(); };
            if (i % 4 == 0) must_recover(machine);
        }
        must(machine.commit(batch));
        static_cast<void>(expected.commit(batch));
    }
    EXPECT_EQ(machine.open(), expected.picture());
    EXPECT_EQ(Machine(log).open(), expected.picture());
}

TEST_F(SharedJournal, an_append_without_an_answer_stops_the_store_and_is_found_by_the_next) {
    Machine machine(log);
    machine.open();
    write(machine, 3);
    const auto batch = script.next();
    log.after_append = [] { return Result<void>(fail(Errc::storage_io, "no answer")); };
    EXPECT_EQ(machine.commit(batch).error().code, Errc::storage_io);
    log.after_append = [] { return Result<void>(); };
    EXPECT_FALSE(machine.commit(batch));
    static_cast<void>(expected.commit(batch));  // it is in the log
    EXPECT_EQ(machine.open(), expected.picture());
}

TEST_F(SharedJournal, a_copy_of_another_log_is_made_anew) {
    SharedLogDisk other_log;
    Machine machine(other_log);
    machine.open();
    StoreScript other(seed + 1);
    for (int i = 0; i < batch_count; ++i) must(machine.commit(other.next()));
    machine.close();
    Machine writer(log);
    writer.open();
    write(writer, batch_count / 2);
    other_log = log;
    EXPECT_EQ(machine.open(), expected.picture());
    // Also when the log is a new one without anything.
    other_log = SharedLogDisk{};
    EXPECT_EQ(machine.open(), Expectation().picture());
}

TEST_F(SharedJournal, a_damaged_copy_is_made_anew) {
    Machine machine(log);
    machine.open();
    write(machine, batch_count / 3);
    machine.close();
    const auto sound = machine.disk().copy();
    for (const auto& name : sound.names()) {
        const auto size = machine.disk().bytes_of(name).size();
        for (std::uint64_t at = 0; at < size; at += 41) {
            machine.disk() = sound.copy();
            auto& byte = machine.disk().bytes_of(name)[at];
            byte = static_cast<char>(byte ^ 0x10);
            ASSERT_EQ(machine.open(), expected.picture()) << name << ", byte " << at;
            machine.close();
        }
        machine.disk() = sound.copy();
        machine.disk().bytes_of(name).resize(size / 2);
        ASSERT_EQ(machine.open(), expected.picture()) << name << " cut";
        machine.close();
        machine.disk() = sound.copy();
        machine.disk().erase(name);
        ASSERT_EQ(machine.open(), expected.picture()) << name << " lost";
        machine.close();
    }
}

TEST_F(SharedJournal, whatever_a_power_cut_leaves_of_the_copy_nothing_is_lost) {
    Machine machine(log);
    machine.open();
    write(machine, batch_count / 3);
    machine.close();
    machine.disk().for_each_power_cut(200, seed, [&](SimulatedDisk left) {
        Machine after(log);
        after.disk() = std::move(left);
        ASSERT_EQ(after.open(), expected.picture());
    });
}

TEST_F(SharedJournal, a_disk_that_fails_while_copying_is_an_error_and_the_next_start_goes_on) {
    Machine writer(log);
    writer.open();
    write(writer, batch_count / 3);
    for (std::int64_t n = 1;; ++n) {
        Machine machine(log);
        machine.disk().fail_call(SimulatedDisk::Call::any, n, Errc::storage_io);
        const auto found = machine.open();
        const bool fired = machine.disk().fired();
        machine.disk().heal();
        if (!fired) break;
        ASSERT_TRUE(found == expected.picture() || found.starts_with("storage_io")) << found;
        ASSERT_EQ(machine.open(), expected.picture()) << n;
    }
}

TEST_F(SharedJournal, damage_to_the_log_itself_is_an_error) {
    Machine writer(log);
    writer.open();
    write(writer, 12);
    for (auto& [number, entry] : log.entries) {
        for (std::size_t at = 0; at < entry.size(); at += 13) {
            entry[at] = static_cast<char>(entry[at] ^ 0x20);
            const auto found = Machine(log).open();
            // Padding is outside every checksum.
            if (found != expected.picture()) {
                ASSERT_TRUE(found.starts_with("storage_corrupt") || found.starts_with("conflict"))
                    << number << ", byte " << at << ": " << found;
            }
            entry[at] = static_cast<char>(entry[at] ^ 0x20);
        }
    }
    EXPECT_EQ(Machine(log).open(), expected.picture());
}

TEST_F(SharedJournal, a_cut_entry_is_an_error) {
    Machine writer(log);
    writer.open();
    write(writer, 4);
    auto& entry = log.entries.rbegin()->second;
    while (!entry.empty()) {
        entry.pop_back();
        ASSERT_TRUE(Machine(log).open().starts_with("storage_corrupt")) << entry.size();
    }
}

}  // namespace
}  // namespace baton::test
