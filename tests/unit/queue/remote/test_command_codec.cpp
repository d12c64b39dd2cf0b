// Commands and answers: every one reads as it was written, and nothing else does harm.
#include <set>
#include <string>
#include <type_traits>
#include <variant>

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

}  // namespace
}  // namespace baton::queue::remote
