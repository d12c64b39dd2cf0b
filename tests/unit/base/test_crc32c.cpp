// The checksum of everything that Baton writes to disk by itself.
#include <string>

#include <gtest/gtest.h>

#include "base/crc32c.h"

namespace baton {
namespace {

TEST(Crc32c, known_sums) {
    EXPECT_EQ(crc32c(0, "123456789"), 0xE3069283U);
    EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(crc32c(0, std::string(32, '\xFF')), 0x62A8AB43U);
    EXPECT_EQ(crc32c(crc32c(0, "1234"), "56789"), crc32c(0, "123456789"));
}

TEST(Crc32c, table_and_instruction_agree_on_every_length) {
    std::string data;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(crc32c(7, data), crc32c_by_table(7, data)) << i;
        data.push_back(static_cast<char>(i * 37));
    }
}

}  // namespace
}  // namespace baton
