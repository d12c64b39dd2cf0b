// The commands of Browser.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "queue/browser.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct Peek {
    static constexpr auto type = CommandType::peek;
    using Answer = MessagePage;
    QueueName queue{};
    std::optional<MessageState> state{};
    std::uint64_t after_seq = 0;
    std::uint32_t limit = 100;
};
struct Get {
    static constexpr auto type = CommandType::get;
    using Answer = MessageView;
    MessageId message{};
};
struct Explain {
    static constexpr auto type = CommandType::explain;
    using Answer = Explanation;
    MessageId message{};
};

template <class A>
void fields(A& a, Ref<A, MessagePage> v) {
    each(a, v.messages, v.more);
}
template <class A>
void fields(A& a, Ref<A, Peek> v) {
    each(a, v.queue, v.state, v.after_seq, v.limit);
}
template <class A>
void fields(A& a, Ref<A, Get> v) {
    each(a, v.message);
}
template <class A>
void fields(A& a, Ref<A, Explain> v) {
    each(a, v.message);
}

}  // namespace baton::queue::remote
