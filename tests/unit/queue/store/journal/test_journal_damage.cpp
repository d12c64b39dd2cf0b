// Rot: every byte of a small journal flipped, every file cut and lost. The answer is a typed error
// or the truth, never less than the truth in silence.
#include "journal_test.h"
#include "queue/store/journal/format.h"

namespace baton::test {
namespace {

constexpr std::uint64_t seed = 21;

/// A journal of three segments, on a disk where all is synced.
struct Sound {
    SimulatedDisk disk;
    std::string held;
};
Sound make_sound(int batches) {
    Sound sound;
    StoreScript script(seed);
    Expectation expected;
    OpenJournal journal(sound.disk);
    journal.start();
    for (int i = 0; i < batches; ++i) {
        const auto batch = script.next(6, 300);
        must(journal.commit(batch));
        sound.held = expected.commit(batch);
    }
    return sound;
}

bool is_corrupt(const std::string& picture) { return picture.starts_with("storage_corrupt"); }

/// Where the last byte stands that is not zero.
std::size_t used(const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; }

TEST(JournalDamage, a_flipped_bit_is_an_error_or_changes_nothing) {
    auto sound = make_sound(40);
    std::size_t noticed = 0;
    std::size_t tried = 0;
    for (const auto& name : sound.disk.names()) {
        if (!name.ends_with(".seg")) continue;
        const auto size = used(sound.disk.bytes_of(name)) + 64;
        for (std::size_t at = 0; at < size; ++at) {
            if (at >= 64 && at < queue::journal::data_begin) continue;  // between header and data
            auto disk = sound.disk.copy();
            auto& byte = disk.bytes_of(name)[at];
            byte = static_cast<char>(byte ^ (1 << (at % 8)));
            const auto kept = reopened(disk);
            ASSERT_TRUE(kept == sound.held || is_corrupt(kept)) << name << " byte " << at << "\n"
                                                                << kept;
            if (is_corrupt(kept)) {
                ++noticed;
                ASSERT_NE(kept.find(name), std::string::npos) << kept;
            }
            ++tried;
        }
    }
    EXPECT_GT(noticed, tried / 2);
}

TEST(JournalDamage, a_cut_file_is_an_error) {
    auto sound = make_sound(40);
    for (const auto& name : sound.disk.names()) {
        if (!name.ends_with(".seg")) continue;
        const auto size = sound.disk.bytes_of(name).size();
        const auto in_use = used(sound.disk.bytes_of(name)) + 64;
        // At every byte of what is written; behind it all is zeros.
        for (std::size_t left = 0; left < size; left += left < in_use ? 1 : 97) {
            auto disk = sound.disk.copy();
            disk.bytes_of(name).resize(left);
            const auto kept = reopened(disk);
            ASSERT_TRUE(is_corrupt(kept)) << name << " cut to " << left << "\n" << kept;
            ASSERT_NE(kept.find(name), std::string::npos) << kept;
        }
    }
}

TEST(JournalDamage, a_sector_of_zeros_in_the_middle_is_an_error) {
    auto sound = make_sound(60);
    for (const auto& name : sound.disk.names()) {
        if (!name.ends_with(".seg")) continue;
        const auto size = used(sound.disk.bytes_of(name));
        for (std::size_t at = queue::journal::data_begin; at + 2'048 < size; at += 512) {
            auto disk = sound.disk.copy();
            disk.bytes_of(name).replace(at, 512, std::string(512, '\0'));
            const auto kept = reopened(disk);
            ASSERT_TRUE(is_corrupt(kept)) << name << " sector at " << at;
        }
    }
}

TEST(JournalDamage, a_missing_file_is_named) {
    auto sound = make_sound(60);
    const auto names = sound.disk.names();
    ASSERT_GE(names.size(), 4U);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!names[i].ends_with(".seg")) continue;
        const bool is_last = i + 1 == names.size() || !names[i + 1].ends_with(".seg");
        if (is_last) continue;
        auto disk = sound.disk.copy();
        disk.erase(names[i]);
        const auto kept = reopened(disk);
        EXPECT_TRUE(is_corrupt(kept)) << kept;
        EXPECT_NE(kept.find(names[i]), std::string::npos) << kept;
    }
}

TEST(JournalDamage, a_file_of_another_store_is_refused) {
    auto one = make_sound(60);
    auto other = make_sound(60);
    auto disk = one.disk.copy();
    disk.bytes_of("00000002.seg") = other.disk.bytes_of("00000002.seg");
    EXPECT_TRUE(is_corrupt(reopened(disk)));
}

TEST(JournalDamage, rot_found_when_a_content_is_read_is_an_error) {
    SimulatedDisk disk;
    OpenJournal journal(disk);
    journal.start();
    queue::QueuePut put{.number = queue::QueueNumber{1}, .uid = 1};
    put.info.name = QueueName("q");
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::string("find me"));
    const queue::MessagePosted posted{.at = {queue::QueueNumber{1}, 1}, .data = data};
    must(journal.commit({put, posted}));
    auto& bytes = disk.bytes_of("00000001.seg");
    bytes[bytes.find("find me")] = 'F';
    const std::vector<queue::Locator> at{posted.at};
    const auto found = journal.store().read(at);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::storage_corrupt);
}

}  // namespace
}  // namespace baton::test
