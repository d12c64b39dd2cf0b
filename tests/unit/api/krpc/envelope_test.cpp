// The frame of calls and answers.
#include "api/krpc/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::api::krpc {
namespace {

std::string wrong_in(const Envelope& call) {
    if (!call.error) return "nothing";
    return std::string(to_string(call.error->code)) + " at " + call.error->field;
}

TEST(KrpcEnvelope, takes_number_token_and_trace) {
    const auto call = read_envelope(
        R"({"method":"add","params":{"method":"not this","sys":[1]},"sys":[7,"key","tr"]})");
    EXPECT_EQ(wrong_in(call), "nothing");
    EXPECT_EQ(call.method, "add");
    EXPECT_EQ(call.seq, 7U);
    EXPECT_EQ(call.token.reveal(), "key");
    EXPECT_EQ(call.trace, "tr");
}

TEST(KrpcEnvelope, null_keeps_the_place_of_a_token_or_a_trace) {
    const auto call = read_envelope(R"({"sys":[7,null,"tr"],"method":"m"})");
    EXPECT_EQ(wrong_in(call), "nothing");
    EXPECT_TRUE(call.token.empty());
    EXPECT_EQ(call.trace, "tr");
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":[7,"k",null],"method":"m"})")), "nothing");
}

TEST(KrpcEnvelope, numbers_go_to_the_end_of_64_bits) {
    const auto call = read_envelope(R"({"sys":[18446744073709551615]})");
    EXPECT_EQ(call.seq, 18'446'744'073'709'551'615U);
    EXPECT_EQ(result_text(call, "1"), R"({"result":1,"sys":[18446744073709551615]})");
    for (const char* seq : {"18446744073709551616", "-1", "1.5", "\"1\"", "null", "true", "{}"}) {
        const auto bad = read_envelope(R"({"sys":[)" + std::string(seq) + "]}");
        EXPECT_EQ(wrong_in(bad), "invalid_argument at sys[0]") << seq;
    }
}

TEST(KrpcEnvelope, without_sys_the_number_is_zero) {
    const auto call = read_envelope(R"({"method":"m"})");
    EXPECT_EQ(wrong_in(call), "nothing");
    EXPECT_EQ(result_text(call, "null"), R"({"result":null,"sys":[0]})");
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":[]})")), "invalid_argument at sys[0]");
}

TEST(KrpcEnvelope, names_what_is_of_the_wrong_kind) {
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":{"seq":1}})")), "invalid_argument at sys");
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":"1"})")), "invalid_argument at sys");
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":[1,2]})")), "invalid_argument at sys[1]");
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":[1,[2]]})")), "invalid_argument at sys[1]");
    EXPECT_EQ(wrong_in(read_envelope(R"({"sys":[1,"k",{}]})")), "invalid_argument at sys[2]");
    EXPECT_EQ(
        wrong_in(read_envelope(R"({"method":["m"],"sys":[1]})")), "invalid_argument at method");
    EXPECT_EQ(wrong_in(read_envelope("[1]")), "invalid_argument at ");
    EXPECT_EQ(wrong_in(read_envelope("7")), "invalid_argument at ");
}

TEST(KrpcEnvelope, a_broken_call_is_answered_with_the_number_it_had) {
    const auto cut = read_envelope(R"({"sys":[7,"key","tr"],"method":"m","params":{"a":)");
    EXPECT_EQ(wrong_in(cut), "malformed_json at ");
    EXPECT_THAT(error_text(cut, *cut.error), testing::HasSubstr(R"("sys":[7,"tr"])"));
    const auto other = read_envelope(R"({"sys":[8]} {"sys":[9]})");
    EXPECT_EQ(wrong_in(other), "malformed_json at ");
    EXPECT_EQ(other.seq, 8U);
    const auto bytes = read_envelope("{\"sys\":[9],\"method\":\"\xff\"}");
    EXPECT_EQ(wrong_in(bytes), "invalid_utf8 at ");
    EXPECT_EQ(bytes.seq, 9U);
    EXPECT_EQ(wrong_in(read_envelope("")), "malformed_json at ");
}

TEST(KrpcEnvelope, a_call_that_breaks_before_its_number_is_still_answered_with_it) {
    const auto half =
        read_envelope(R"({"method":"m","params":{"a":"\ud800"},"sys" : [ 7 ,"key"]})");
    EXPECT_EQ(wrong_in(half), "malformed_json at ");
    EXPECT_EQ(half.seq, 7U);
    EXPECT_TRUE(half.token.empty());
    for (const char* rest : {"", R"("sys")", R"("sys":)", R"("sys":[)", R"("sys":["7"])",
             R"("sys":[-7])", R"("sys":{7})"}) {
        EXPECT_EQ(read_envelope("{{" + std::string(rest)).seq, 0U) << rest;
    }
}

TEST(KrpcEnvelope, a_trace_is_echoed_up_to_its_limit_whatever_it_holds) {
    const std::string longest(Envelope::trace_max, 't');
    EXPECT_EQ(read_envelope(R"({"sys":[1,"k",")" + longest + "\"]}").trace, longest);
    const auto longer = read_envelope(R"({"sys":[1,"k",")" + longest + "t\"]}");
    EXPECT_EQ(wrong_in(longer), "invalid_argument at sys[2]");
    EXPECT_EQ(longer.trace, "");
    const auto odd = read_envelope(R"({"sys":[1,"k","a\u0000\"\n'; DROP"]})");
    EXPECT_EQ(result_text(odd, "1"), R"({"result":1,"sys":[1,"a\u0000\"\n'; DROP"]})");
}

TEST(KrpcEnvelope, a_token_that_is_no_key_by_its_length_is_none) {
    EXPECT_TRUE(read_envelope(R"({"sys":[1,")" + std::string(100'000, 'k') + "\"]}").token.empty());
}

TEST(KrpcEnvelope, the_last_of_two_counts_as_for_the_parameters) {
    const auto call = read_envelope(R"({"sys":[1,"a","t"],"sys":[2],"method":"x","method":"y"})");
    EXPECT_EQ(call.seq, 2U);
    EXPECT_TRUE(call.token.empty());
    EXPECT_EQ(call.trace, "");
    EXPECT_EQ(call.method, "y");
}

TEST(KrpcEnvelope, depth_is_limited) {
    const auto nested = [](std::size_t levels) {
        return R"({"params":)" + std::string(levels, '[') + std::string(levels, ']') +
               R"(,"sys":[1]})";
    };
    EXPECT_EQ(wrong_in(read_envelope(nested(33))), "nothing");
    EXPECT_EQ(wrong_in(read_envelope(nested(34))), "malformed_json at ");
    EXPECT_EQ(wrong_in(read_envelope(nested(1'000'000))), "malformed_json at ");
}

TEST(KrpcEnvelope, errors_are_text_with_the_code_in_front_and_the_rest_beside_it) {
    const auto call = read_envelope(R"({"sys":[7]})");
    const Error error{.code = Errc::queue_full,
        .detail = "queue `q` holds 3 messages",
        .retry_after = std::chrono::milliseconds(50)};
    EXPECT_EQ(error_text(call, error),
        R"({"error":"queue_full: queue `q` holds 3 messages","sys":[7],"error_info":{"code":)"
        R"("queue_full","message":"queue `q` holds 3 messages","details":{},"retry_after_ms":50}})");
}

}  // namespace
}  // namespace baton::api::krpc
