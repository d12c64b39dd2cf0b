// Numbers of variable length: written as few bytes as they take, read in no other form.
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/byte_codec.h"

namespace baton {
namespace {

std::string written(std::uint64_t value) {
    char room[10];
    const char* const end = ByteWriter(room).number(value).at();
    return {room, static_cast<std::size_t>(end - room)};
}

bool is_refused(std::string_view bytes) {
    ByteReader reader(bytes);
    return reader.number() == 0 && !reader.ok();
}

RC_GTEST_PROP(ByteCodec, a_number_reads_as_it_was_written, (std::uint64_t random)) {
    const auto value = random >> *rc::gen::inRange(0, 64);
    const auto bytes = written(value);
    RC_ASSERT(bytes.size() == number_size(value));
    ByteReader reader(bytes);
    RC_ASSERT(reader.number() == value);
    RC_ASSERT(reader.ended());
    RC_ASSERT(is_refused(std::string_view(bytes).substr(0, bytes.size() - 1)));
}

TEST(ByteCodec, numbers_take_as_few_bytes_as_they_can) {
    EXPECT_EQ(written(0), std::string(1, '\0'));
    EXPECT_EQ(written(127), "\x7f");
    EXPECT_EQ(written(128), "\x80\x01");
    EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()).size(), 10);
}

TEST(ByteCodec, a_number_in_more_bytes_or_more_bits_is_refused) {
    using namespace std::string_view_literals;
    EXPECT_TRUE(is_refused("\x80\x00"sv));
    EXPECT_TRUE(is_refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv));
    EXPECT_TRUE(is_refused("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv));
}

}  // namespace
}  // namespace baton
