// What a compressed log stores, and that damaged frames are reported.
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "queue/store/jetstream/compressed_log.h"
#include "support/fake_shared_log.h"
#include "support/noise.h"
#include "support/queue_letters.h"

namespace baton::test {
namespace {

using ::testing::HasSubstr;

class CompressedLog : public ::testing::Test {
protected:
    CompressedLog() { must(log->take_over()); }
    static std::map<std::uint64_t, std::string> read(queue::SharedLog& log) {
        std::map<std::uint64_t, std::string> entries;
        must(log.read(1, [&](std::uint64_t number, std::string_view entry) -> Result<void> {
            entries.emplace(number, entry);
            return {};
        }));
        return entries;
    }
    /// Why `stored` is no entry; nothing if it is one.
    std::string refusal(std::string stored) {
        disk.entries = {{7, std::move(stored)}};
        const auto done =
            log->read(1, [](std::uint64_t, std::string_view) { return Result<void>(); });
        if (done) return {};
        EXPECT_EQ(done.error().code, Errc::storage_corrupt);
        EXPECT_THAT(done.error().detail, HasSubstr("entry 7"));
        return done.error().detail;
    }
    std::string frame_of(const std::string& entry) {
        disk.entries.clear();
        must(log->append(1, entry));
        return disk.entries.at(1);
    }
    static std::string text(std::size_t size) {
        std::string all;
        for (std::uint64_t i = 0; all.size() < size; ++i)
            all += "message " + std::to_string(i * i) + ", ";
        return all.substr(0, size);
    }

    SharedLogDisk disk;
    std::unique_ptr<queue::SharedLog> log =
        queue::make_compressed_log(std::make_unique<FakeSharedLog>(disk));
};

TEST_F(CompressedLog, what_was_appended_is_read) {
    const std::string magic{"\x28\xB5\x2F\xFD"};
    const std::map<std::uint64_t, std::string> entries{{1, ""}, {2, "a"}, {3, text(100'000)},
        {4, magic}, {5, magic + "and more"}, {6, noise(5'000'000, 1)}, {7, text(5'000'000)},
        {8, std::string("\0\0", 2)}, {9, noise(300'000, 1)}};
    for (const auto& [number, entry] : entries) must(log->append(number, entry));
    EXPECT_EQ(read(*log), entries);
}

RC_GTEST_FIXTURE_PROP(
    CompressedLog, any_bytes_are_read_as_they_were_appended, (std::string entry)) {
    disk.entries.clear();
    must(log->append(1, entry));
    RC_ASSERT(read(*log).at(1) == entry);
}

TEST_F(CompressedLog, text_takes_less_than_half_and_noise_hardly_more) {
    EXPECT_LT(frame_of(text(100'000)).size(), 50'000U);
    EXPECT_LT(frame_of(noise(100'000, 1)).size(), 100'050U);
    EXPECT_LT(frame_of(noise(100, 1)).size(), 120U);
}

TEST_F(CompressedLog, what_is_older_than_the_compression_is_read_as_it_is) {
    const std::map<std::uint64_t, std::string> older{{1, ""}, {2, "abc"}, {3, text(5'000)}};
    disk.entries = older;
    EXPECT_EQ(read(*log), older);
    must(log->append(4, text(100)));
    EXPECT_EQ(read(*log).size(), 4U);
}

TEST_F(CompressedLog, a_frame_that_was_cut_is_reported) {
    const auto frame = frame_of(text(3'000));
    ASSERT_EQ(refusal(frame), "");
    for (std::size_t size = 4; size < frame.size(); ++size) {
        EXPECT_NE(refusal(frame.substr(0, size)), "") << size;
    }
    for (const auto& more : {frame, frame_of(""), std::string("\x50\x2A\x4D\x18\0\0\0\0", 8)}) {
        EXPECT_THAT(refusal(frame + more), HasSubstr("not one whole frame"));
    }
}

/// Heads as RFC 8878 3.1.1.1 has them, with the size in eight bytes or without it.
TEST_F(CompressedLog, a_frame_whose_size_is_unknown_or_too_large_is_reported) {
    const auto head = [](std::uint64_t size) {
        std::string bytes{"\x28\xB5\x2F\xFD\xE0", 5};
        for (int i = 0; i < 8; ++i) bytes += static_cast<char>(size >> (8 * i));
        return bytes;
    };
    EXPECT_THAT(refusal(head(queue::compressed_entry_max + 1)), HasSubstr("says no size"));
    EXPECT_THAT(refusal(head(UINT64_MAX)), HasSubstr("says no size"));
    EXPECT_THAT(refusal({"\x28\xB5\x2F\xFD\x00\x58\x01\x00\x00", 9}), HasSubstr("says no size"));
    const auto allowed = refusal(head(queue::compressed_entry_max));
    EXPECT_NE(allowed, "");
    EXPECT_THAT(allowed, ::testing::Not(HasSubstr("says no size")));
}

TEST_F(CompressedLog, an_entry_above_the_limit_is_refused_and_nothing_is_appended) {
    const char byte = 'x';
    // Whoever looked at more than its size would end here.
    const std::string_view large(&byte, queue::compressed_entry_max + 1);
    const auto refused = log->append(1, large);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_large);
    EXPECT_TRUE(disk.entries.empty());
    must(log->append(1, "goes on"));
}

TEST_F(CompressedLog, errors_of_the_log_and_of_who_reads_are_passed_on) {
    disk.before_append = [] { return Result<void>(fail(Errc::storage_full, "full")); };
    EXPECT_EQ(log->append(1, "a").error().code, Errc::storage_full);
    disk.before_append = [] { return Result<void>(); };
    must(log->append(1, "a"));
    must(log->append(2, "b"));
    int visited = 0;
    const auto ended = log->read(1, [&](std::uint64_t, std::string_view) -> Result<void> {
        ++visited;
        return fail(Errc::cancelled, "enough");
    });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, Errc::cancelled);
    EXPECT_EQ(visited, 1);
    const auto other = std::make_unique<FakeSharedLog>(disk);
    must(other->take_over());
    EXPECT_EQ(log->append(3, "c").error().code, Errc::storage_io);
}

}  // namespace
}  // namespace baton::test
