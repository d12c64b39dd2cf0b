// Commands and answers: every one reads as it was written, and nothing else does harm.
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.h"

namespace baton::queue::remote {
namespace {

template <class C>
void command_round_trip() {
    const RequestId id{*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>()};
    const auto request = encode_request(id, arbitrary<C>());
    const auto head = read_request_head(request.view());
    RC_ASSERT(head.has_value());
    RC_ASSERT(head->type == C::type);
    RC_ASSERT(head->id == id);
    const auto read = decode_request<C>(head->payload);
    RC_ASSERT(read.has_value());
    RC_ASSERT(encode_request(id, *read) == request);
}

template <class C>
void answer_round_trip() {
    const auto answer = encode_answer<C>(arbitrary<Result<typename C::Answer>>());
    RC_ASSERT(encode_answer<C>(decode_answer<C>(answer.view())) == answer);
    const auto read = decode_answer<C>(answer.view());
    RC_ASSERT(read.has_value() == error_of_answer(answer.view()).has_value());
    RC_ASSERT(!is_refusal(answer.view()));
}

/// Whatever comes is a command that can be written again, or a protocol_error.
void check_request(std::string_view bytes) {
    const auto head = read_request_head(bytes);
    if (!head) {
        RC_ASSERT(head.error().code == Errc::protocol_error);
        return;
    }
    const auto command = decode_command(*head);
    if (!command) {
        RC_ASSERT(command.error().code == Errc::protocol_error);
        return;
    }
    const auto again =
        std::visit([&](const auto& one) { return encode_request(head->id, one); }, *command);
    RC_ASSERT(again.view() == bytes);
}

/// The same of an answer, which may also be an error.
template <class C>
void check_answer(std::string_view bytes) {
    const auto answer = decode_answer<C>(bytes);
    const bool makes_sense = answer || answer.error().code != Errc::protocol_error;
    const auto error = error_of_answer(bytes);
    if (makes_sense) RC_ASSERT(error.has_value() == answer.has_value());
}

template <class C>
void every_cut_and_flip_is_survived() {
    const auto request = encode_request(RequestId{1, 2}, arbitrary<C>());
    const auto answer = encode_answer<C>(arbitrary<Result<typename C::Answer>>());
    for (std::size_t size = 0; size < request.size(); ++size) {
        const auto head = read_request_head(request.view().substr(0, size));
        // In brackets: the macro takes an expression apart, and would evaluate both sides.
        RC_ASSERT((!head || !decode_command(*head)));
    }
    for (std::size_t size = 0; size < answer.size(); ++size) {
        const auto cut = decode_answer<C>(answer.view().substr(0, size));
        RC_ASSERT((!cut && cut.error().code == Errc::protocol_error));
    }
    const auto first_bit = *rc::gen::inRange<std::size_t>(0, 8);
    const auto flips = [=](const Bytes& bytes, const auto& check) {
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            std::string flipped(bytes.view());
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << ((first_bit + at) % 8)));
            check(flipped);
        }
    };
    flips(request, check_request);
    flips(answer, check_answer<C>);
}

template <class C>
class EachCommand : public ::testing::Test {};

template <class... C>
::testing::Types<C...> types_of(const std::variant<C...>*);
using AllCommands = decltype(types_of(static_cast<const AnyCommand*>(nullptr)));
TYPED_TEST_SUITE(EachCommand, AllCommands);

TYPED_TEST(EachCommand, reads_as_it_was_written) {
    rc::detail::checkGTest([] { command_round_trip<TypeParam>(); });
}

TYPED_TEST(EachCommand, has_an_answer_that_reads_as_it_was_written) {
    rc::detail::checkGTest([] { answer_round_trip<TypeParam>(); });
}

TYPED_TEST(EachCommand, survives_every_cut_and_flip) {
    rc::detail::checkGTest([] { every_cut_and_flip_is_survived<TypeParam>(); });
}

TYPED_TEST(EachCommand, has_a_row_in_the_table_and_in_the_format) {
    const auto& info = command_info(TypeParam::type);
    EXPECT_EQ(info.type, TypeParam::type);
    std::ifstream file(BATON_SOURCE_DIR "/docs/formats/commands.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    const auto row = fmt::format("| {} {} |", static_cast<int>(info.type), info.name);
    EXPECT_NE(page.find(row), std::string::npos) << row;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

// What other daemons of this version write; if these change, the version must.

TEST(CommandCodec, a_request_has_these_bytes) {
    Post post{QueueName("q"), {}, Durability::relaxed};
    post.messages.push_back({.data = {.content = Bytes(std::string("abc")),
                                 .priority = Level::high,
                                 .dedup_key = "d",
                                 .headers = {{"h", "v"}},
                                 .metadata = "{}"},
        .delay = Duration(300)});
    EXPECT_EQ(hex(encode_request(RequestId{1, 0x0203}, post).view()),
        "0114"
        "0100000000000000"
        "0302000000000000"
        "0171"
        "01"
        "03616263"
        "01"
        "00"
        "00"
        "0164"
        "01"
        "0168"
        "0176"
        "027b7d"
        "d804"
        "00"
        "00"
        "01"
        "01");
}

TEST(CommandCodec, an_answer_has_these_bytes) {
    std::vector<Result<NackOutcome>> results{NackOutcome::dead};
    results.push_back(fail(Error{.code = Errc::lease_lost, .detail = "gone", .field = "f"}));
    EXPECT_EQ(hex(encode_answer<Nack>(results).view()),
        "0120"
        "00"
        "02"
        "00"
        "01"
        "01"
        "0a6c656173655f6c6f7374"
        "04676f6e65"
        "0166"
        "00");
    EXPECT_EQ(hex(encode_answer<GetQuota>(StorageQuota{.used = 300, .limit = 7}).view()),
        "010a"
        "00"
        "ac02"
        "07");
    EXPECT_EQ(hex(encode_refusal({.code = Errc::unavailable, .retry_after = Duration(-2)}).view()),
        "0100"
        "01"
        "0b756e617661696c61626c65"
        "00"
        "00"
        "03");
    EXPECT_EQ(hex(encode_cancelled({.queue_uid = 5, .seq = 128}).view()),
        "0101"
        "0500000000000000"
        "8001");
    EXPECT_EQ(hex(encode_usage({.partition = 7, .tenants = {{TenantId("a"), 300}}}).view()),
        "0102"
        "07"
        "01"
        "0161"
        "ac02");
}

TEST(CommandCodec, an_event_is_read_as_what_it_is_and_as_nothing_else) {
    const UsageTold told{
        .partition = 255, .tenants = {{TenantId("a"), 0}, {TenantId("b"), UINT64_MAX}}};
    const auto usage = encode_usage(told);
    EXPECT_EQ(decode_usage(usage.view()), told);
    EXPECT_FALSE(decode_cancelled(usage.view()));
    EXPECT_FALSE(decode_usage(encode_cancelled({.queue_uid = 5, .seq = 128}).view()));
    for (std::size_t size = 0; size < usage.size(); ++size) {
        const auto cut = decode_usage(usage.view().substr(0, size));
        EXPECT_EQ(cut.error().code, Errc::protocol_error) << size;
    }
    EXPECT_FALSE(decode_usage(std::string(usage.view()) + "x"));
}

TEST(CommandCodec, a_refusal_is_an_answer_to_every_command) {
    const auto refusal = encode_refusal({.code = Errc::overloaded, .detail = "d"});
    EXPECT_TRUE(is_refusal(refusal.view()));
    EXPECT_EQ(decode_answer<Post>(refusal.view()).error().code, Errc::overloaded);
    EXPECT_EQ(decode_answer<Pop>(refusal.view()).error().detail, "d");
    EXPECT_EQ(error_of_answer(refusal.view()).error().code, Errc::overloaded);
}

TEST(CommandCodec, another_version_another_command_and_another_answer_are_refused) {
    const auto is_refused = [](std::string bytes, std::size_t at, char value) {
        bytes[at] = value;
        const auto head = read_request_head(bytes);
        const auto command = head ? decode_command(*head) : Result<AnyCommand>(fail(head.error()));
        return !command && command.error().code == Errc::protocol_error;
    };
    const std::string get(encode_request(RequestId{}, GetQueue{QueueName("q")}).view());
    EXPECT_TRUE(is_refused(get, 0, 2));
    EXPECT_TRUE(is_refused(get, 1, 12));
    EXPECT_TRUE(is_refused(get, 1, 0));
    const auto answer = encode_answer<Purge>(1);
    EXPECT_EQ(decode_answer<TruncateBefore>(answer.view()).error().code, Errc::protocol_error);
}

TEST(CommandCodec, no_more_is_read_than_a_call_may_carry) {
    const auto reads = [](std::size_t count) {
        Ack ack;
        ack.receipts.resize(count);
        const auto request = encode_request(RequestId{}, ack);
        return decode_command(read_request_head(request.view()).value()).has_value();
    };
    EXPECT_TRUE(reads(10'000));
    EXPECT_FALSE(reads(10'001));
}

TEST(CommandCodec, times_beyond_all_limits_travel_as_the_last_one) {
    const auto travelled = [](TimePoint due) {
        const auto request = encode_request(RequestId{}, Reschedule{{}, due});
        return decode_request<Reschedule>(read_request_head(request.view())->payload)->due;
    };
    EXPECT_EQ(travelled(TimePoint::max()), from_unix_ms(1LL << 53));
    EXPECT_EQ(travelled(TimePoint::min()), from_unix_ms(-(1LL << 53)));
    EXPECT_EQ(travelled(from_unix_ms(-5)), from_unix_ms(-5));
}

}  // namespace
}  // namespace baton::queue::remote
