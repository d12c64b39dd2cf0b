// RemoteQueues: leasing messages and settling them.
#include <algorithm>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "queue/call_checks.h"
#include "queue/remote/receipt_split.h"
#include "queue/remote/remote_ports.h"

namespace baton::queue::remote {
namespace {

Pop command_of(const PopRequest& request) {
    return {
        .queue = request.queue, .max = request.max, .lease = request.lease, .level = request.level};
}

}  // namespace

Task<Result<std::vector<LeasedMessage>>> RemoteQueues::pop(PopRequest request) {
    BATON_CO_TRY_VOID(check_pop(request));
    const auto is_empty = [](const std::vector<LeasedMessage>& popped) { return popped.empty(); };
    Route route = request.queue;
    Pop command = command_of(request);
    co_return co_await caller_.wait_for(
        std::move(route), std::move(command), request.wait, is_empty);
}

Task<Result<PerReceipt<void>>> RemoteQueues::ack(std::vector<Receipt> receipts) {
    BATON_CO_TRY_VOID(check_receipts(receipts.size()));
    const auto call = [this](Partition partition, std::vector<Receipt> share) {
        return caller_.call(partition, Ack{std::move(share)});
    };
    co_return co_await settle<void>(caller_.transport(), std::move(receipts), call);
}

Task<Result<PerReceipt<NackOutcome>>> RemoteQueues::nack(std::vector<NackRequest> requests) {
    BATON_CO_TRY_VOID(check_nacks(requests));
    const auto call = [this](Partition partition, std::vector<NackRequest> share) {
        return caller_.call(partition, Nack{std::move(share)});
    };
    co_return co_await settle<NackOutcome>(caller_.transport(), std::move(requests), call);
}

Task<Result<PerReceipt<TimePoint>>> RemoteQueues::extend(
    std::vector<Receipt> receipts, Duration lease) {
    BATON_CO_TRY_VOID(check_receipts(receipts.size()));
    BATON_CO_TRY_VOID(check_lease(lease));
    const auto call = [this, lease](Partition partition, std::vector<Receipt> share) {
        return caller_.call(partition, Extend{std::move(share), lease});
    };
    co_return co_await settle<TimePoint>(caller_.transport(), std::move(receipts), call);
}

Task<Result<PerReceipt<void>>> RemoteQueues::charge(std::vector<Charge> charges) {
    BATON_CO_TRY_VOID(check_charges(charges));
    const auto call = [this](Partition partition, std::vector<Charge> share) {
        return caller_.call(partition, SetCosts{std::move(share)});
    };
    co_return co_await settle<void>(caller_.transport(), std::move(charges), call);
}

Task<Result<AckedAndPopped>> RemoteQueues::ack_and_pop(
    std::vector<Receipt> receipts, PopRequest request) {
    BATON_CO_TRY_VOID(check_pop(request));
    BATON_CO_TRY_VOID(check_receipts(receipts.size(), 0));
    AckedAndPopped result;
    if (!receipts.empty()) {
        Pop command = command_of(request);
        BATON_CO_TRY(result, co_await ack_and_pop_now(std::move(receipts), std::move(command)));
        if (!result.messages.empty() || request.wait.expired()) co_return result;
    }
    const bool has_acked = !result.acks.empty();
    auto popped = co_await pop(std::move(request));
    if (popped) {
        result.messages = *std::move(popped);
    } else if (!has_acked) {  // what was acked stays so, and is what the caller must hear
        co_return std::unexpected(std::move(popped).error());
    }
    co_return result;
}

/// Acks and takes what is there. Receipts of other partitions come after those that go with the
/// pop, which fails as a whole.
Task<Result<AckedAndPopped>> RemoteQueues::ack_and_pop_now(
    std::vector<Receipt> receipts, Pop command) {
    const Partition home = caller_.transport().partition_of(command.queue);
    AckedAndPopped result;
    result.acks.resize(receipts.size());
    auto shares = split(caller_.transport(), receipts);
    const std::vector<std::size_t> places = shares[home].places;
    AckAndPop own{std::move(shares[home].items), std::move(command)};
    BATON_CO_TRY(auto popped, co_await caller_.call(home, std::move(own)));
    result.messages = std::move(popped.messages);
    for (std::size_t i = 0; i < std::min(places.size(), popped.acks.size()); ++i) {
        result.acks[places[i]] = std::move(popped.acks[i]);
    }
    if (places.size() == receipts.size()) co_return result;
    std::vector<Receipt> others;
    std::vector<std::size_t> other_places;
    for (const auto& [partition, share] : shares) {
        if (partition == home) continue;
        for (const auto place : share.places) {
            others.push_back(receipts[place]);
            other_places.push_back(place);
        }
    }
    auto acked = co_await ack(std::move(others));
    for (std::size_t i = 0; i < other_places.size(); ++i) {
        auto& place = result.acks[other_places[i]];
        place = acked ? std::move((*acked)[i]) : std::unexpected(acked.error());
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() == asio::cancellation_type::none) co_return result;
    caller_.give_back(home, result.messages);
    co_return fail(Errc::cancelled, "the call was called off");
}

Task<Result<void>> RemoteQueues::reply(MessageId message, Bytes result, std::string metadata) {
    return caller_.call(
        QueueUid{message.queue_uid}, StoreReply{message, std::move(result), std::move(metadata)});
}

std::unique_ptr<Watch> RemoteQueues::watch_cancels(
    std::function<void(const MessageId&)> cancelled) {
    return caller_.transport().watch([tell = std::move(cancelled)](std::string_view event) {
        if (const auto message = decode_cancelled(event)) tell(*message);
    });
}

}  // namespace baton::queue::remote
