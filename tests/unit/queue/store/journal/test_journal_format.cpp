// The bytes themselves: checksums, heads, records.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "queue/store/journal/format.h"

namespace baton::queue::journal {
namespace {

TEST(JournalFormat, header_comes_back_and_no_flipped_bit_goes_unnoticed) {
    const SegmentHeader header{
        .store_id = 77, .number = 3, .first_segment = 2, .capacity = 65'536, .first_batch = 1'000};
    auto bytes = encode_header(header);
    ASSERT_EQ(bytes.size(), header_size);
    EXPECT_EQ(decode_header(bytes).value(), header);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(decode_header(flipped)) << bit;
    }
    EXPECT_FALSE(decode_header(bytes.substr(0, 63)));
}

TEST(JournalFormat, batch_head_comes_back_in_its_place_only) {
    const BatchHead head{.number = 9, .durable = 8, .first_segment = 2, .count = 4, .size = 640};
    std::string bytes(batch_head_size, '\0');
    encode_batch_head(head, 55, 4096, bytes.data());
    EXPECT_EQ(decode_batch_head(bytes, 55, 4096), head);
    EXPECT_FALSE(decode_batch_head(bytes, 55, 4104));
    EXPECT_FALSE(decode_batch_head(bytes, 56, 4096));
    EXPECT_FALSE(decode_batch_head(bytes.substr(0, 47), 55, 4096));
}

TEST(JournalFormat, a_head_never_crosses_a_sector) {
    for (std::uint64_t offset = 4096; offset < 8192; ++offset) {
        const auto at = batch_place(offset);
        EXPECT_GE(at, offset);
        EXPECT_LT(at, offset + batch_head_size + alignment);
        EXPECT_EQ(at % alignment, 0U);
        EXPECT_EQ(at / sector_size, (at + batch_head_size - 1) / sector_size) << offset;
    }
}

TEST(JournalFormat, records_come_back_in_their_place_only) {
    Buffer buffer;
    const std::string payload = "thirteen byte";
    ByteWriter(begin_record(RecordType::message_gone, payload.size(), buffer)).bytes(payload);
    seal_records(buffer.data(), buffer.size(), 5, 800);
    const auto record = decode_record(buffer.view(), 5, 800);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->type, RecordType::message_gone);
    EXPECT_EQ(record->payload, payload);
    EXPECT_EQ(record->size(), buffer.size());
    EXPECT_FALSE(decode_record(buffer.view(), 5, 808));
    EXPECT_FALSE(decode_record(buffer.view(), 6, 800));
    for (std::size_t size = 0; size < record_head_size + payload.size(); ++size) {
        EXPECT_FALSE(decode_record(buffer.view().substr(0, size), 5, 800)) << size;
    }
}

TEST(JournalFormat, names_of_segments) {
    EXPECT_EQ(segment_name(1), "00000001.seg");
    EXPECT_EQ(segment_number("00000001.seg"), 1U);
    EXPECT_EQ(segment_number(segment_name(4'294'967'295)), 4'294'967'295U);
    for (const char* other :
        {"next.tmp", "1.seg", "0000000x.seg", "00000000.seg", "00000001.sex"}) {
        EXPECT_EQ(segment_number(other), 0U) << other;
    }
}

TEST(JournalFormat, reading_past_the_end_gives_nothing) {
    ByteReader reader(std::string_view("\x05\x00\x00\x00shor", 8));
    EXPECT_EQ(reader.text(), "");
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.u64(), 0U);
    EXPECT_FALSE(reader.ended());
}

}  // namespace
}  // namespace baton::queue::journal
