// The commands of Consumer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "queue/consumer.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct Pop {
    static constexpr auto type = CommandType::pop;
    using Answer = std::vector<LeasedMessage>;
    QueueName queue{};
    std::uint32_t max = 1;
    Duration lease{0};
    std::optional<Level> level{};
    Duration wait{0};
};
struct Ack {
    static constexpr auto type = CommandType::ack;
    using Answer = PerReceipt<void>;
    std::vector<Receipt> receipts{};
};
struct Nack {
    static constexpr auto type = CommandType::nack;
    using Answer = PerReceipt<NackOutcome>;
    std::vector<NackRequest> requests{};
};
struct Extend {
    static constexpr auto type = CommandType::extend;
    using Answer = PerReceipt<TimePoint>;
    std::vector<Receipt> receipts{};
    Duration lease{0};
};
struct SetCosts {
    static constexpr auto type = CommandType::charge;
    using Answer = PerReceipt<void>;
    std::vector<Charge> charges{};
};
/// Never waits for messages: whoever wants to goes on with `Pop`.
struct AckAndPop {
    static constexpr auto type = CommandType::ack_and_pop;
    using Answer = AckedAndPopped;
    std::vector<Receipt> receipts{};
    Pop pop{};
};
struct StoreReply {
    static constexpr auto type = CommandType::store_reply;
    using Answer = void;
    MessageId message{};
    Bytes result{};
    std::string metadata{};
};
/// Ends the wait of the request with this id; what it leased is given back without blame. When it
/// has not come yet it will not be executed.
struct Withdraw {
    static constexpr auto type = CommandType::withdraw;
    using Answer = void;
};

template <class A>
void fields(A& a, Ref<A, AckedAndPopped> v) {
    each(a, v.acks, v.messages);
}
template <class A>
void fields(A& a, Ref<A, Pop> v) {
    each(a, v.queue, v.max, v.lease, v.level, v.wait);
}
template <class A>
void fields(A& a, Ref<A, Ack> v) {
    each(a, v.receipts);
}
template <class A>
void fields(A& a, Ref<A, Nack> v) {
    each(a, v.requests);
}
template <class A>
void fields(A& a, Ref<A, Extend> v) {
    each(a, v.receipts, v.lease);
}
template <class A>
void fields(A& a, Ref<A, Charge> v) {
    each(a, v.receipt, v.cost);
}
template <class A>
void fields(A& a, Ref<A, SetCosts> v) {
    each(a, v.charges);
}
template <class A>
void fields(A& a, Ref<A, AckAndPop> v) {
    each(a, v.receipts, v.pop);
}
template <class A>
void fields(A& a, Ref<A, StoreReply> v) {
    each(a, v.message, v.result, v.metadata);
}
template <class A>
void fields(A&, Ref<A, Withdraw>) {}

}  // namespace baton::queue::remote
