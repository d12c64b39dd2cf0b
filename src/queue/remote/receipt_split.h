// Calls with receipts of several partitions: split, made at the same time, put together in order.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "queue/consumer.h"
#include "queue/remote/transport.h"
#include "runtime/await_all.h"

namespace baton::queue::remote {

[[nodiscard]] inline const MessageId& message_of(const Receipt& receipt) noexcept {
    return receipt.message;
}
[[nodiscard]] inline const MessageId& message_of(const NackRequest& request) noexcept {
    return request.receipt.message;
}
[[nodiscard]] inline const MessageId& message_of(const Charge& charge) noexcept {
    return charge.receipt.message;
}

/// What goes to one partition, and where each of it stood in the call.
template <class Item>
struct Share {
    std::vector<Item> items;
    std::vector<std::size_t> places;
};

template <class Item>
[[nodiscard]] std::map<Partition, Share<Item>> split(
    const Transport& transport, std::vector<Item> items) {
    std::map<Partition, Share<Item>> shares;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const QueueUid uid{message_of(items[i]).queue_uid};
        auto& share = shares[transport.partition_of(uid)];
        share.items.push_back(std::move(items[i]));
        share.places.push_back(i);
    }
    return shares;
}

/// `call(partition, items)` for each share. What a whole share fails with is the result of each of
/// its receipts; when all fail, so does this.
template <class T, class Item, class Call>
Task<Result<PerReceipt<T>>> settle(
    const Transport& transport, std::vector<Item> items, const Call& call) {
    PerReceipt<T> merged(items.size());
    auto shares = split(transport, std::move(items));
    std::vector<Task<Result<PerReceipt<T>>>> calls;
    for (auto& [partition, share] : shares) {
        calls.push_back(call(partition, std::move(share.items)));
    }
    auto answers = co_await await_all(std::move(calls));
    bool any = false;
    for (const auto& answer : answers) any |= answer.has_value();
    if (!any) co_return std::unexpected(std::move(answers.front()).error());
    auto answer = answers.begin();
    for (const auto& [partition, share] : shares) {
        for (std::size_t i = 0; i < share.places.size(); ++i) {
            auto& place = merged[share.places[i]];
            if (!*answer) {
                place = std::unexpected(answer->error());
            } else if (i < (*answer)->size()) {
                place = std::move((**answer)[i]);
            } else {
                place = fail(Errc::protocol_error, "an answer with too few results");
            }
        }
        ++answer;
    }
    co_return merged;
}

}  // namespace baton::queue::remote
