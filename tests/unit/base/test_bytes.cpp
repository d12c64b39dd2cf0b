// Bytes: who shares memory with whom.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace baton {
namespace {

bool same_place(const Bytes& one, const Bytes& other) {
    return one.view().data() == other.view().data();
}

TEST(Bytes, copies_share_their_memory_and_are_equal_by_content) {
    const Bytes bytes(std::string("content"));
    const Bytes copy = bytes;  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_TRUE(same_place(bytes, copy));
    EXPECT_FALSE(same_place(bytes, Bytes::copy_of("content")));
    EXPECT_EQ(bytes, Bytes::copy_of("content"));
    EXPECT_NE(bytes, Bytes::copy_of("contenu"));
    EXPECT_EQ(Bytes(), Bytes(std::string()));
    EXPECT_EQ(Bytes(), Bytes::copy_of(""));
}

TEST(Bytes, of_a_batch_stand_in_one_block_and_alone_apart_from_it) {
    BytesBlocks blocks;
    const Bytes first = blocks.add("first");
    const Bytes second = blocks.add("second");
    EXPECT_EQ(first.view().data() + first.size(), second.view().data());
    const Bytes kept = first.alone();
    EXPECT_FALSE(same_place(kept, first));
    EXPECT_EQ(kept, first);
    EXPECT_TRUE(same_place(kept, kept.alone()));
}

TEST(Bytes, of_a_batch_outlive_it_whatever_their_sizes) {
    std::vector<Bytes> all;
    {
        BytesBlocks blocks;
        for (std::size_t size = 0; size < 9'000; size += 37) {
            all.push_back(blocks.add(std::string(size, static_cast<char>('a' + size % 26))));
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t size = i * 37;
        EXPECT_EQ(all[i].view(), std::string(size, static_cast<char>('a' + size % 26)));
    }
}

TEST(Bytes, that_are_long_have_a_block_of_their_own) {
    BytesBlocks blocks;
    const Bytes bytes = blocks.add(std::string(100'000, 'x'));
    EXPECT_TRUE(same_place(bytes, bytes.alone()));
}

}  // namespace
}  // namespace baton
