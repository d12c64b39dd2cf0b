// What is remembered of a request with an idempotency key.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "api/rest/idempotency_record.h"

namespace baton::test {
namespace {

using api::rest::decode_record;
using api::rest::encode;
using api::rest::IdempotencyRecord;

TEST(IdempotencyRecord, is_read_as_it_was_written) {
    IdempotencyRecord record{.fingerprint = std::string(64, 'a'), .draw = std::string(32, '0')};
    EXPECT_EQ(decode_record(encode(record)), record);
    record.answer = {.status = 201, .content_type = "application/json; x", .body = "{}\n\0\xff "};
    EXPECT_EQ(decode_record(encode(record)), record);
    record.answer = {.status = 204, .content_type = "", .body = ""};
    EXPECT_EQ(decode_record(encode(record)), record);
}

TEST(IdempotencyRecord, refuses_what_it_did_not_write) {
    const std::string good = "1 " + std::string(64, 'a') + " " + std::string(32, '0');
    ASSERT_TRUE(decode_record(good + "\n"));
    for (const auto& bytes : std::vector<std::string>{"", "\n", good, "2" + good.substr(1) + "\n",
             good.substr(0, 60) + "\n",
             "1 " + std::string(64, 'g') + " " + std::string(32, '0') + "\n", good + "0\n",
             good + " x json\n", good + " 99 json\n", good + " 20000000000 json\n",
             good + " -201 json\n", good + "  \n"}) {
        const auto refused = decode_record(bytes);
        ASSERT_FALSE(refused) << bytes;
        EXPECT_EQ(refused.error().code, Errc::protocol_error);
    }
}

TEST(IdempotencyRecord, names_and_fingerprints_cannot_be_made_to_meet) {
    using api::rest::name_of_key;
    EXPECT_NE(name_of_key("a", "bc"), name_of_key("ab", "c"));
    EXPECT_NE(name_of_key("a", "1:b"), name_of_key("a1:", "b"));
    net::Request one;
    one.method = net::Method::post;
    one.target = "/a";
    one.body = "b";
    auto two = one;
    two.target = "/ab";
    two.body = "";
    EXPECT_NE(api::rest::fingerprint_of(one), api::rest::fingerprint_of(two));
    EXPECT_NE(api::rest::draw_bits(), api::rest::draw_bits());
}

}  // namespace
}  // namespace baton::test
