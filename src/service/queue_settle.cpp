// Receipts: acks, nacks and extensions, many in one command.
#include <algorithm>
#include <utility>

#include "service/checks.h"
#include "service/queue_service.h"

namespace baton::service {
namespace {

using access::Identity;

Result<void> check_receipts(const Identity& who, const std::optional<QueueName>& queue,
    const std::vector<std::string>& receipts, std::size_t min = 1) {
    BATON_TRY_VOID(queue ? allow_change(who, *queue) : allow(who));
    return in_range<std::size_t>("receipts", receipts.size(), min, QueueLimits::receipts_max);
}

/// The receipts of one call: those that can be settled, and what became of each.
class Batch {
public:
    explicit Batch(std::vector<std::string> texts)
        : texts_(std::move(texts)), errors_(texts_.size()) {
        receipts_.reserve(texts_.size());
        places_.reserve(texts_.size());
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            auto receipt = Receipt::parse(texts_[i]);
            if (receipt) {
                receipts_.push_back(*receipt);
                places_.push_back(i);
            } else {
                errors_[i] = std::move(receipt).error();
            }
        }
    }

    [[nodiscard]] const std::vector<Receipt>& receipts() const noexcept { return receipts_; }

    /// Refuses those of other queues.
    void keep_only(std::uint64_t uid) {
        sift([&](const Receipt& receipt) -> std::optional<Error> {
            if (receipt.message.queue_uid == uid) return std::nullopt;
            return Error{
                .code = Errc::lease_lost, .detail = "this queue has no lease " + receipt.text()};
        });
    }
    /// Refuses those of one queue.
    void refuse(const SystemQueues::Refusal& refusal) {
        sift([&](const Receipt& receipt) -> std::optional<Error> {
            if (receipt.message.queue_uid != refusal.uid) return std::nullopt;
            return refusal.error;
        });
    }

    /// Of the queues that the receipts are of, each once.
    [[nodiscard]] std::vector<std::uint64_t> uids() const {
        std::vector<std::uint64_t> all;
        all.reserve(receipts_.size());
        for (const Receipt& receipt : receipts_) all.push_back(receipt.message.queue_uid);
        std::ranges::sort(all);
        const auto rest = std::ranges::unique(all);
        all.erase(rest.begin(), rest.end());
        return all;
    }

    /// `results`: of `receipts()`, in their order.
    template <class T>
    void note(queue::PerReceipt<T> results) {
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (!results[i]) errors_[places_[i]] = std::move(results[i]).error();
        }
    }

    [[nodiscard]] Settlement settlement() && {
        Settlement all;
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            if (errors_[i]) {
                all.failures.push_back({std::move(texts_[i]), *std::move(errors_[i])});
            } else {
                ++all.settled;
            }
        }
        return all;
    }

private:
    /// Takes out those that `fault_of` finds one with.
    template <class FaultOf>
    void sift(FaultOf fault_of) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < receipts_.size(); ++i) {
            if (auto fault = fault_of(receipts_[i])) {
                errors_[places_[i]] = *std::move(fault);
                continue;
            }
            receipts_[kept] = receipts_[i];
            places_[kept++] = places_[i];
        }
        receipts_.resize(kept);
        places_.resize(kept);
    }

    std::vector<std::string> texts_;
    std::vector<std::optional<Error>> errors_;
    std::vector<Receipt> receipts_;
    std::vector<std::size_t> places_;  ///< of each receipt in `texts_`
};

/// What tells whose a receipt is.
struct Sorter {
    QueueUids& uids;
    SystemQueues& system;
    const Identity& who;
};

/// Leaves the receipts of `queue` in the batch, or those that the caller may settle. Asks the
/// queues only when one is not known to be.
Task<Result<void>> sort_out(Sorter by, const std::optional<QueueName>& queue, Batch& batch) {
    if (!queue) {
        auto uids = batch.uids();
        BATON_CO_TRY(const auto refusal, co_await by.system.refusal(by.who, std::move(uids)));
        if (refusal) batch.refuse(*refusal);
        co_return Result<void>();
    }
    const auto& receipts = batch.receipts();
    const bool known =
        !receipts.empty() &&
        std::ranges::all_of(receipts,
            [&](const Receipt& receipt) {
                return receipt.message.queue_uid == receipts.front().message.queue_uid;
            }) &&
        by.uids.knows(*queue, receipts.front().message.queue_uid);
    if (known) co_return Result<void>();
    BATON_CO_TRY(const auto uid, co_await by.uids.look_up(*queue));
    batch.keep_only(uid);
    co_return Result<void>();
}

}  // namespace

Task<Result<Settlement>> QueueService::ack(
    const Identity& who, std::optional<QueueName> queue, std::vector<std::string> receipts) {
    BATON_CO_TRY_VOID(check_receipts(who, queue, receipts));
    Batch batch(std::move(receipts));
    const Sorter sorter{uids_, system_, who};
    BATON_CO_TRY_VOID(co_await sort_out(sorter, queue, batch));
    if (!batch.receipts().empty()) {
        BATON_CO_TRY(auto results, co_await queues_.ack(batch.receipts()));
        batch.note(std::move(results));
    }
    co_return std::move(batch).settlement();
}

Task<Result<Settlement>> QueueService::nack(const Identity& who, std::optional<QueueName> queue,
    std::vector<std::string> receipts, NackOptions options) {
    BATON_CO_TRY_VOID(check_receipts(who, queue, receipts));
    BATON_CO_TRY_VOID(in_range("delay_ms", options.delay, Duration(0), QueueLimits::delay_max));
    Batch batch(std::move(receipts));
    const Sorter sorter{uids_, system_, who};
    BATON_CO_TRY_VOID(co_await sort_out(sorter, queue, batch));
    std::vector<queue::NackRequest> requests;
    requests.reserve(batch.receipts().size());
    for (const Receipt& receipt : batch.receipts()) {
        requests.push_back({.receipt = receipt, .delay = options.delay, .reason = options.reason});
    }
    if (!requests.empty()) {
        BATON_CO_TRY(auto results, co_await queues_.nack(std::move(requests)));
        batch.note(std::move(results));
    }
    co_return std::move(batch).settlement();
}

Task<Result<Settlement>> QueueService::extend(const Identity& who, std::optional<QueueName> queue,
    std::vector<std::string> receipts, Duration lease) {
    BATON_CO_TRY_VOID(check_receipts(who, queue, receipts));
    BATON_CO_TRY_VOID(in_range("lease_ms", lease, Duration(1), QueueLimits::lease_max));
    Batch batch(std::move(receipts));
    const Sorter sorter{uids_, system_, who};
    BATON_CO_TRY_VOID(co_await sort_out(sorter, queue, batch));
    if (!batch.receipts().empty()) {
        BATON_CO_TRY(auto results, co_await queues_.extend(batch.receipts(), lease));
        batch.note(std::move(results));
    }
    co_return std::move(batch).settlement();
}

Task<Result<SettledAndPopped>> QueueService::ack_and_pop(
    const Identity& who, QueueName queue, std::vector<std::string> receipts, PopOptions options) {
    const std::optional<QueueName> name(queue);
    BATON_CO_TRY_VOID(check_receipts(who, name, receipts, 0));
    BATON_CO_TRY_VOID(check_pop(who, options));
    Batch batch(std::move(receipts));
    const Sorter sorter{uids_, system_, who};
    BATON_CO_TRY_VOID(co_await sort_out(sorter, name, batch));
    auto request = pop_request(std::move(queue), options);
    BATON_CO_TRY(auto both, co_await queues_.ack_and_pop(batch.receipts(), std::move(request)));
    batch.note(std::move(both.acks));
    SettledAndPopped outcome;
    outcome.acks = std::move(batch).settlement();
    outcome.messages = std::move(both.messages);
    co_return outcome;
}

Task<Result<queue::PerReceipt<TimePoint>>> QueueService::renew(
    std::vector<Receipt> receipts, Duration lease) {
    return queues_.extend(std::move(receipts), lease);
}

Task<Result<void>> QueueService::give_back(std::vector<Receipt> receipts) {
    std::vector<queue::NackRequest> requests;
    requests.reserve(receipts.size());
    for (const Receipt& receipt : receipts) {
        requests.push_back({.receipt = receipt, .blame = queue::Blame::none});
    }
    // A receipt that fails has ended in another way: all the same.
    BATON_CO_TRY(const auto results, co_await queues_.nack(std::move(requests)));
    static_cast<void>(results);
    co_return Result<void>();
}

}  // namespace baton::service
