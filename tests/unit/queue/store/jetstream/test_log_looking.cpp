// Reading a shared log on a real nats-server while somebody else writes it.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "support/queue_letters.h"
#include "support/stream_place.h"

namespace baton::test {
namespace {

using queue::SharedLog;
using Entries = std::map<std::uint64_t, std::string>;

Entries read(SharedLog& log, std::uint64_t from) {
    Entries entries;
    must(log.read(from, [&](std::uint64_t number, std::string_view entry) -> Result<void> {
        EXPECT_TRUE(entries.emplace(number, entry).second) << number << " twice";
        return {};
    }));
    return entries;
}

/// Numbers as entries.
Entries numbers(std::uint64_t first, std::uint64_t last) {
    Entries entries;
    for (auto number = first; number <= last; ++number) entries[number] = std::to_string(number);
    return entries;
}
void fill(SharedLog& log, std::uint64_t first, std::uint64_t last) {
    for (const auto& [number, entry] : numbers(first, last)) must(log.append(number, entry));
}

TEST(LogLooking, gives_what_is_there_and_takes_nothing_over) {
    StreamPlace place;
    const auto reader = place.open_log();
    EXPECT_EQ(reader->look().error().code, Errc::not_found) << "and makes no stream";
    const auto writer = place.open_log();
    must(writer->take_over());
    EXPECT_EQ(must(reader->look()).last, 0U);
    EXPECT_TRUE(read(*reader, 1).empty());
    fill(*writer, 1, 20);
    const auto bounds = must(reader->look());
    EXPECT_EQ(bounds.first, 1U);
    EXPECT_EQ(bounds.last, 20U);
    fill(*writer, 21, 30);
    EXPECT_EQ(read(*reader, 9), numbers(9, 20)) << "as it stood then";
    EXPECT_FALSE(reader->append(31, "of one that only looks"));
    fill(*writer, 31, 40);
    must(reader->look());
    EXPECT_EQ(read(*reader, 30), numbers(30, 40));
}

TEST(LogLooking, is_followed_by_taking_over) {
    StreamPlace place;
    const auto first = place.open_log();
    must(first->take_over());
    fill(*first, 1, 10);
    const auto second = place.open_log();
    must(second->look());
    fill(*first, 11, 12);
    EXPECT_EQ(must(second->take_over()).last, 12U);
    fill(*second, 13, 14);
    EXPECT_FALSE(first->append(13, "of one who was replaced"));
    must(first->look());
    EXPECT_EQ(read(*first, 1), numbers(1, 14));
}

}  // namespace
}  // namespace baton::test
