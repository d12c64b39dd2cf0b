// The commands of LetterMover.
#pragma once

#include <cstdint>
#include <vector>

#include "queue/letters.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct FindLetters {
    static constexpr auto type = CommandType::find_letters;
    using Answer = LetterPage;
    RedriveRequest request{};
    std::uint64_t after_seq = 0;
    std::uint32_t max = LetterMover::page_max;
};
struct TakeLetters {
    static constexpr auto type = CommandType::take_letters;
    using Answer = std::uint64_t;
    LetterDelivery delivery{};
};
struct DropLetters {
    static constexpr auto type = CommandType::drop_letters;
    using Answer = std::uint64_t;
    QueueName queue{};
    std::vector<MessageId> letters{};
};

template <class A>
void fields(A& a, Ref<A, LetterPage> v) {
    each(a, v.letters, v.last_seq, v.more, v.now);
}
template <class A>
void fields(A& a, Ref<A, FindLetters> v) {
    each(a, v.request, v.after_seq, v.max);
}
template <class A>
void fields(A& a, Ref<A, LetterDelivery> v) {
    each(a, v.target, v.letters, v.start, v.first, v.rate_per_second);
}
template <class A>
void fields(A& a, Ref<A, TakeLetters> v) {
    each(a, v.delivery);
}
template <class A>
void fields(A& a, Ref<A, DropLetters> v) {
    each(a, v.queue, v.letters);
}

}  // namespace baton::queue::remote
