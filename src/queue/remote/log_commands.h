// The commands of Log.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "queue/log.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct Subscribe {
    static constexpr auto type = CommandType::subscribe;
    using Answer = std::uint64_t;
    QueueName queue{};
    SubscriptionName name{};
    LogStart start{};
};
struct Unsubscribe {
    static constexpr auto type = CommandType::unsubscribe;
    using Answer = void;
    QueueName queue{};
    SubscriptionName name{};
};
struct ListSubscriptions {
    static constexpr auto type = CommandType::list_subscriptions;
    using Answer = std::vector<Subscription>;
    QueueName queue{};
};
struct Fetch {
    static constexpr auto type = CommandType::fetch;
    using Answer = std::vector<MessageView>;
    QueueName queue{};
    SubscriptionName name{};
    std::optional<std::uint64_t> after{};
    std::uint32_t max = 100;
    Duration wait{0};
};
struct Commit {
    static constexpr auto type = CommandType::commit;
    using Answer = void;
    QueueName queue{};
    SubscriptionName name{};
    std::uint64_t seq = 0;
};
struct Seek {
    static constexpr auto type = CommandType::seek;
    using Answer = std::uint64_t;
    QueueName queue{};
    SubscriptionName name{};
    LogStart start{};
};
struct TruncateBefore {
    static constexpr auto type = CommandType::truncate_before;
    using Answer = std::uint64_t;
    QueueName queue{};
    std::uint64_t seq = 0;
};

template <class A>
void fields(A& a, Ref<A, Subscribe> v) {
    each(a, v.queue, v.name, v.start);
}
template <class A>
void fields(A& a, Ref<A, Unsubscribe> v) {
    each(a, v.queue, v.name);
}
template <class A>
void fields(A& a, Ref<A, ListSubscriptions> v) {
    each(a, v.queue);
}
template <class A>
void fields(A& a, Ref<A, Fetch> v) {
    each(a, v.queue, v.name, v.after, v.max, v.wait);
}
template <class A>
void fields(A& a, Ref<A, Commit> v) {
    each(a, v.queue, v.name, v.seq);
}
template <class A>
void fields(A& a, Ref<A, Seek> v) {
    each(a, v.queue, v.name, v.start);
}
template <class A>
void fields(A& a, Ref<A, TruncateBefore> v) {
    each(a, v.queue, v.seq);
}

}  // namespace baton::queue::remote
