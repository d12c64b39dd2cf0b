// EngineQueues: leasing messages and settling them.
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "queue/call_checks.h"
#include "queue/engine/engine_ports.h"

namespace baton::queue {

Task<Result<std::vector<LeasedMessage>>> EngineQueues::pop(PopRequest request) {
    std::vector<Receipt> none;
    auto popped = co_await ack_and_pop(std::move(none), std::move(request));
    if (!popped) co_return std::unexpected(std::move(popped).error());
    co_return std::move(popped->messages);
}

Task<Result<AckedAndPopped>> EngineQueues::ack_and_pop(
    std::vector<Receipt> receipts, PopRequest request) {
    BATON_CO_TRY_VOID(check_pop(request));
    BATON_CO_TRY_VOID(check_receipts(receipts.size(), 0));
    // A cancellation must not throw the leased messages away between here and the caller.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto popped = co_await desk_.run_waiting<PopCommand>(std::move(receipts), std::move(request));
    std::vector<MessageView*> views;
    if (popped) {
        for (auto& leased : popped->messages) views.push_back(&leased.message);
    }
    auto filled = co_await desk_.fill(std::move(views));
    const auto state = co_await asio::this_coro::cancellation_state;
    co_await asio::this_coro::throw_if_cancelled(throws);
    const bool cancelled = state.cancelled() != asio::cancellation_type::none;
    if (popped && (cancelled || !filled)) return_unseen(popped->messages);
    if (cancelled) co_return fail(Errc::cancelled, "the wait was called off");
    if (!popped) co_return std::unexpected(popped.error());
    if (!filled) co_return std::unexpected(filled.error());
    std::erase_if(
        popped->messages, [](const LeasedMessage& leased) { return !leased.message.data; });
    co_return std::move(*popped);
}

void EngineQueues::return_unseen(const std::vector<LeasedMessage>& popped) {
    for (const auto& leased : popped) {
        desk_.run_unseen([receipt = leased.receipt](Engine& engine, TimePoint now) {
            return engine.nack({.receipt = receipt, .blame = Blame::none}, now);
        });
    }
}

Task<Result<PerReceipt<void>>> EngineQueues::ack(std::vector<Receipt> receipts) {
    if (auto good = check_receipts(receipts.size()); !good) {
        return desk_.failed<PerReceipt<void>>(std::move(good).error());
    }
    return desk_.run([receipts = std::move(receipts)](Engine& engine, TimePoint now) {
        PerReceipt<void> results;
        results.reserve(receipts.size());
        for (const auto& receipt : receipts) results.push_back(engine.ack(receipt, now));
        return Result<PerReceipt<void>>(std::move(results));
    });
}

Task<Result<PerReceipt<NackOutcome>>> EngineQueues::nack(std::vector<NackRequest> requests) {
    if (auto good = check_nacks(requests); !good) {
        return desk_.failed<PerReceipt<NackOutcome>>(std::move(good).error());
    }
    return desk_.run([requests = std::move(requests)](Engine& engine, TimePoint now) {
        PerReceipt<NackOutcome> results;
        results.reserve(requests.size());
        for (const auto& request : requests) results.push_back(engine.nack(request, now));
        return Result<PerReceipt<NackOutcome>>(std::move(results));
    });
}

Task<Result<PerReceipt<TimePoint>>> EngineQueues::extend(
    std::vector<Receipt> receipts, Duration lease) {
    auto good = check_receipts(receipts.size());
    if (good) good = check_lease(lease);
    if (!good) return desk_.failed<PerReceipt<TimePoint>>(std::move(good).error());
    return desk_.run([receipts = std::move(receipts), lease](Engine& engine, TimePoint now) {
        PerReceipt<TimePoint> results;
        results.reserve(receipts.size());
        for (const auto& receipt : receipts) results.push_back(engine.extend(receipt, lease, now));
        return Result<PerReceipt<TimePoint>>(std::move(results));
    });
}

Task<Result<PerReceipt<void>>> EngineQueues::charge(std::vector<Charge> charges) {
    if (auto good = check_charges(charges); !good) {
        return desk_.failed<PerReceipt<void>>(std::move(good).error());
    }
    return desk_.run([charges = std::move(charges)](Engine& engine, TimePoint) {
        PerReceipt<void> results;
        results.reserve(charges.size());
        for (const auto& one : charges) results.push_back(engine.charge(one.receipt, one.cost));
        return Result<PerReceipt<void>>(std::move(results));
    });
}

Task<Result<void>> EngineQueues::reply(MessageId message, Bytes result, std::string metadata) {
    return desk_.run([=](Engine& engine, TimePoint now) {
        return engine.reply(message, result, metadata, now);
    });
}

}  // namespace baton::queue
