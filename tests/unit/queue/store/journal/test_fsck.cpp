// fsck: what it says about a sound, a cut and a damaged journal, and what is left after a repair.
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "journal_test.h"
#include "queue/store/journal/format.h"
#include "queue/store/journal/fsck.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

using namespace queue::journal;

struct Sound {
    SimulatedDisk disk;
    std::vector<std::string> pictures;
    [[nodiscard]] const std::string& held() const { return pictures.back(); }
};
Sound make_sound(int batches, std::uint64_t seed = 21, std::size_t content_max = 300) {
    Sound sound;
    StoreScript script(seed);
    Expectation expected;
    OpenJournal journal(sound.disk);
    journal.start();
    for (int i = 0; i < batches; ++i) {
        const auto batch = script.next(6, content_max);
        must(journal.commit(batch));
        sound.pictures.push_back(expected.commit(batch));
    }
    return sound;
}

FsckReport check(SimulatedDisk& disk) { return must(check_journal(*disk.files())); }
FsckReport repair(SimulatedDisk& disk) { return must(repair_journal(*disk.files())); }

/// Repaired, the journal opens, and a second look finds nothing.
void expect_mended(SimulatedDisk& disk) {
    const auto report = repair(disk);
    EXPECT_FALSE(report.has_damage());
    const auto again = check(disk);
    EXPECT_TRUE(again.findings.empty())
        << again.findings.front().file << " " << again.findings.front().what;
    const auto held = reopened(disk);
    EXPECT_FALSE(held.starts_with("storage_corrupt")) << held;
    OpenJournal journal(disk);
    journal.start();
    must(journal.commit({queue::QueueDropped{queue::QueueNumber{3}}}));
    EXPECT_FALSE(reopened(disk).starts_with("storage_corrupt"));
}

std::vector<std::string> segments_of(SimulatedDisk& disk) {
    std::vector<std::string> names;
    for (const auto& name : disk.names()) {
        if (segment_number(name) != 0) names.push_back(name);
    }
    return names;
}
std::size_t used(const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; }

TEST(Fsck, a_sound_journal_has_nothing_to_report) {
    auto sound = make_sound(60);
    const auto report = check(sound.disk);
    EXPECT_TRUE(report.findings.empty());
    EXPECT_EQ(report.files.size(), segments_of(sound.disk).size());
    EXPECT_GT(report.messages, 0U);
    EXPECT_GT(report.queues, 0U);
    std::uint64_t batches = 0;
    for (const auto& file : report.files) batches += file.batches;
    EXPECT_GE(batches, 60U);
    EXPECT_TRUE(repair(sound.disk).findings.empty());
    EXPECT_EQ(reopened(sound.disk), sound.held());
}

TEST(Fsck, an_empty_folder_has_nothing_to_report) {
    SimulatedDisk disk;
    EXPECT_TRUE(check(disk).findings.empty());
    EXPECT_TRUE(repair(disk).findings.empty());
}

TEST(Fsck, a_torn_tail_is_told_from_damage_and_cut) {
    auto sound = make_sound(3, 5);
    const auto before = sound.held();
    StoreScript script(99);
    auto& bytes = sound.disk.bytes_of("00000001.seg");
    // Half of a batch, in whole sectors: what the second half held is zero.
    const auto end = used(bytes);
    {
        OpenJournal journal(sound.disk);
        journal.start();
        must(journal.commit(StoreScript(7).next(6, 2'000)));
    }
    const auto middle = round_up(end + 600, sector_size);
    ASSERT_LT(middle, used(bytes));
    bytes.replace(middle, used(bytes) - middle, std::string(used(bytes) - middle, '\0'));
    const auto report = check(sound.disk);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings.front().kind, Finding::Kind::torn_tail);
    EXPECT_FALSE(report.has_damage());
    EXPECT_EQ(repair(sound.disk).findings.front().repair, "cut");
    EXPECT_EQ(reopened(sound.disk), before);
}

TEST(Fsck, a_header_is_written_again_from_its_copy) {
    auto sound = make_sound(60);
    for (const auto& name : segments_of(sound.disk)) {
        auto disk = sound.disk.copy();
        disk.bytes_of(name).replace(0, 64, std::string(64, '?'));
        EXPECT_TRUE(check(disk).has_damage());
        EXPECT_FALSE(repair(disk).has_damage());
        EXPECT_TRUE(check(disk).findings.empty());
        EXPECT_EQ(reopened(disk), sound.held());
    }
}

TEST(Fsck, damage_anywhere_is_reported_and_mended) {
    auto sound = make_sound(60);
    for (const auto& name : segments_of(sound.disk)) {
        const auto size = used(sound.disk.bytes_of(name));
        for (std::size_t at = data_begin; at < size; at += 61) {
            SCOPED_TRACE(testing::Message() << name << " byte " << at);
            auto disk = sound.disk.copy();
            auto& byte = disk.bytes_of(name)[at];
            byte = static_cast<char>(byte ^ 0x10);
            const auto report = check(disk);
            if (report.findings.empty()) {  // padding
                ASSERT_EQ(reopened(disk), sound.held());
                continue;
            }
            ASSERT_EQ(report.findings.front().file, name);
            expect_mended(disk);
            if (testing::Test::HasFailure()) return;
        }
    }
}

TEST(Fsck, a_damaged_stretch_stands_in_the_quarantine_file) {
    auto sound = make_sound(60);
    auto& bytes = sound.disk.bytes_of("00000001.seg");
    const auto at = data_begin + 3'000;
    bytes.replace(at, 100, std::string(100, '#'));
    const auto report = repair(sound.disk);
    ASSERT_FALSE(report.findings.empty());
    const auto name = "quarantine.00000001.seg." + std::to_string(report.findings.front().offset);
    EXPECT_NE(sound.disk.bytes_of(name).find(std::string(100, '#')), std::string::npos);
    EXPECT_NE(report.findings.front().repair.find(name), std::string::npos);
}

TEST(Fsck, a_lost_or_unreadable_file_leaves_a_gap) {
    auto sound = make_sound(150);
    const auto names = segments_of(sound.disk);
    ASSERT_GE(names.size(), 3U);
    for (const auto& name : names) {
        SCOPED_TRACE(name);
        auto unreadable = sound.disk.copy();
        unreadable.bytes_of(name).replace(0, data_begin, std::string(data_begin, '!'));
        EXPECT_TRUE(check(unreadable).has_damage());
        expect_mended(unreadable);
        if (name == names.back()) continue;  // nobody knows that there was one
        auto lost = sound.disk.copy();
        lost.erase(name);
        EXPECT_TRUE(check(lost).has_damage());
        expect_mended(lost);
    }
}

TEST(Fsck, what_is_no_file_in_the_place_of_one_is_damage) {
    auto sound = make_sound(150);
    for (const bool is_folder : {true, false}) {
        for (const auto& place : segments_of(sound.disk)) {
            SCOPED_TRACE(place + (is_folder ? " is a folder" : " is a pipe"));
            const TempDir dir(fast_place());
            for (const auto& name : segments_of(sound.disk)) {
                if (name == place) continue;
                std::ofstream(dir / name, std::ios::binary) << sound.disk.bytes_of(name);
            }
            if (is_folder) {
                std::filesystem::create_directory(dir / place);
            } else {
                ASSERT_EQ(::mkfifo((dir / place).c_str(), 0600), 0);
            }
            const auto start = [&] {
                const auto store =
                    must(queue::make_journal_store(dir.path(), queue::JournalConfig()));
                const auto painted = picture_of(*store);
                return painted ? "sound" : to_string(painted.error());
            };
            EXPECT_TRUE(start().starts_with("storage_corrupt")) << start();
            const auto files = must(make_posix_file_system(dir.path()));
            const auto report = must(check_journal(*files));
            ASSERT_TRUE(report.has_damage());
            EXPECT_NE(report.findings.front().what.find("is not a file"), std::string::npos)
                << report.findings.front().what;
            static_cast<void>(must(repair_journal(*files)));
            EXPECT_FALSE(must(check_journal(*files)).has_damage());
            EXPECT_EQ(start(), "sound");
        }
    }
}

TEST(Fsck, messages_outlive_the_description_of_their_queue) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    queue::QueuePut put{.number = queue::QueueNumber{1}, .uid = 1};
    put.info.name = QueueName("lost");
    must(journal.commit({put}));
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::string("kept"));
    must(journal.commit({queue::MessagePosted{.at = {queue::QueueNumber{1}, 1}, .data = data}}));
    must(journal.commit({queue::MessageGone{{queue::QueueNumber{1}, 7}}}));
    auto& bytes = disk.bytes_of("00000001.seg");
    bytes[bytes.find("lost")] = 'L';
    expect_mended(disk);
    const auto held = reopened(disk);
    EXPECT_NE(held.find("`recovered-1`"), std::string::npos) << held;
    EXPECT_NE(held.find("content `kept`"), std::string::npos) << held;
}

TEST(Fsck, a_check_changes_nothing) {
    auto sound = make_sound(60);
    auto& bytes = sound.disk.bytes_of("00000001.seg");
    bytes[data_begin + 500] ^= 1;
    const auto before = sound.disk.copy();
    sound.disk.fail_call(SimulatedDisk::Call::write, 1, Errc::storage_io, true);
    static_cast<void>(check(sound.disk));
    EXPECT_FALSE(sound.disk.fired());
    EXPECT_EQ(sound.disk.names(), before.names());
}

}  // namespace
}  // namespace baton::test
