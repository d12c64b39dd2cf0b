// The commands of Producer.
#pragma once

#include <optional>
#include <vector>

#include "queue/producer.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct Post {
    static constexpr auto type = CommandType::post;
    using Answer = Posted;
    QueueName queue{};
    std::vector<NewMessage> messages{};
    std::optional<Durability> durability{};
};
/// `get_reply` is the one that does not wait.
struct WaitReply {
    static constexpr auto type = CommandType::wait_reply;
    using Answer = std::optional<Reply>;
    MessageId message{};
    Duration wait{0};
};
struct Cancel {
    static constexpr auto type = CommandType::cancel;
    using Answer = void;
    MessageId message{};
};
struct Reschedule {
    static constexpr auto type = CommandType::reschedule;
    using Answer = void;
    MessageId message{};
    TimePoint due{};
};

template <class A>
void fields(A& a, Ref<A, Post> v) {
    each(a, v.queue, v.messages, v.durability);
}
template <class A>
void fields(A& a, Ref<A, WaitReply> v) {
    each(a, v.message, v.wait);
}
template <class A>
void fields(A& a, Ref<A, Cancel> v) {
    each(a, v.message);
}
template <class A>
void fields(A& a, Ref<A, Reschedule> v) {
    each(a, v.message, v.due);
}

}  // namespace baton::queue::remote
