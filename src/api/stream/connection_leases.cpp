// The consuming side of a connection: what is pushed, what is held, what is renewed.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/stream/answer.h"
#include "api/stream/connection.h"
#include "runtime/handover.h"

namespace baton::api::stream {
namespace {

constexpr std::size_t unsent_low = 1'048'576;
constexpr std::size_t event_bytes = 262'144;  // of one frame of messages, about
constexpr std::uint32_t pop_max = 500;        // messages of one pop
constexpr std::size_t renew_max = service::QueueLimits::receipts_max;
// After a renewal that failed as a whole (the store is full, say).
constexpr std::chrono::milliseconds renew_retry{500};

std::string credit_json(std::uint32_t credit) { return fmt::format(R"({{"credit":{}}})", credit); }

}  // namespace

Result<void> Connection::check_consumer(CommandId id, std::uint32_t credit) {
    const StreamConfig& config = context_.config;
    if (credit > config.credit_max) {
        context_.metrics.hit(StreamLimit::credit);
        return fail_field(Errc::invalid_argument, "credit",
            fmt::format("a consumer has at most {} credit", config.credit_max));
    }
    if (consumers_.contains(id)) {
        return fail_field(Errc::conflict, "id", "a consumer of this connection has this id");
    }
    if (consumers_.size() >= config.consumers_max) {
        context_.metrics.hit(StreamLimit::consumers);
        return fail(Errc::overloaded,
            fmt::format("a connection has at most {} consumers", config.consumers_max));
    }
    return {};
}

Result<std::string> Connection::start_consumer(CommandId id, const Consume& consume) {
    BATON_TRY_VOID(check_consumer(id, consume.credit));
    if (consume.lease < Duration(1) || consume.lease > service::QueueLimits::lease_max) {
        return fail_field(Errc::invalid_argument, "lease_ms",
            fmt::format("lease_ms is {}, and must be 1 to {}", consume.lease.count(),
                service::QueueLimits::lease_max.count()));
    }
    watch_cancels();
    const auto consumer = std::make_shared<Consumer>();
    consumer->id = id;
    consumer->queue = consume.queue;
    consumer->options.lease = consume.lease;
    consumer->options.wait = service::QueueLimits::wait_max;
    consumer->options.level = consume.level;
    consumer->credit = consume.credit;
    consumers_[id] = consumer;
    consumer->cancel =
        background_.spawn_cancellable([this, consumer] { return deliver(consumer); });
    return credit_json(consumer->credit);
}

Result<std::string> Connection::add_credit(const AddCredit& credit) {
    const auto found = consumers_.find(credit.consumer);
    if (found == consumers_.end()) {
        return fail_field(Errc::not_found, "consumer", "this connection has no such consumer");
    }
    Consumer& consumer = *found->second;
    const StreamConfig& config = context_.config;
    if (credit.add > config.credit_max - consumer.credit) {
        context_.metrics.hit(StreamLimit::credit);
        return fail_field(Errc::invalid_argument, "add",
            fmt::format("a consumer has at most {} credit, this one has {}", config.credit_max,
                consumer.credit));
    }
    consumer.credit += credit.add;
    credit_changed_.notify_all();
    return credit_json(consumer.credit);
}

Result<std::string> Connection::cancel_consumer(const CancelConsumer& cancel) {
    const auto found = consumers_.find(cancel.consumer);
    if (found == consumers_.end()) {
        return fail_field(Errc::not_found, "consumer", "this connection has no such consumer");
    }
    const auto consumer = found->second;
    consumers_.erase(found);
    consumer->ended = true;
    if (consumer->popping) consumer->cancel();
    credit_changed_.notify_all();
    return std::string("{}");
}

Task<void> Connection::deliver(std::shared_ptr<Consumer> consumer) {
    while (true) {
        const bool ready = co_await ready_to_deliver(*consumer);
        if (!ready) co_return;
        auto options = consumer->options;
        const std::size_t room = context_.config.held_max - leases_.size();
        options.max =
            static_cast<std::uint32_t>(std::min<std::size_t>({consumer->credit, pop_max, room}));
        consumer->popping = true;
        auto popping = context_.queues.pop(caller_.who, consumer->queue, options);
        auto leased = co_await std::move(popping);
        consumer->popping = false;
        if (!leased) {
            end_consumer(*consumer, leased.error());
            co_return;
        }
        // Beside it another consumer may have filled the book: what was popped is held all the
        // same.
        hold(*leased, consumer->options.lease);
        consumer->credit -= static_cast<std::uint32_t>(leased->size());
        co_await push(*consumer, *std::move(leased));
    }
}

/// Waits for credit, for room for leases, and for a peer that reads. False: the consumer has ended.
Task<bool> Connection::ready_to_deliver(const Consumer& consumer) {
    bool counted = false;
    while (!consumer.ended) {
        if (!check_caller()) co_return false;
        if (consumer.credit == 0) {
            const auto woken = co_await credit_changed_.wait();
            static_cast<void>(woken);
        } else if (leases_.size() >= context_.config.held_max) {
            if (!std::exchange(counted, true)) context_.metrics.hit(StreamLimit::held);
            const auto woken = co_await leases_changed_.wait();
            static_cast<void>(woken);
        } else if (socket_.unsent() > unsent_low) {
            const bool open = co_await socket_.drained(unsent_low);
            if (!open) co_return false;
        } else {
            co_return true;
        }
    }
    co_return false;
}

void Connection::end_consumer(const Consumer& consumer, const Error& error) {
    if (consumer.ended || error.code == Errc::cancelled) return;
    const CommandId id = consumer.id;
    consumers_.erase(id);
    socket_.send(ended_event(id, error));
}

Task<void> Connection::push(const Consumer& consumer, std::vector<LeasedMessage> messages) {
    std::span<const LeasedMessage> rest = messages;
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        std::string event = messages_event(consumer.id, rest, event_bytes);
        const bool sent = co_await send_in_turn(std::move(event));
        if (!sent) co_return;
        context_.metrics.pushed(before - rest.size());
    }
}

/// A large frame waits until it is alone, so that it can't make the peer a slow reader.
Task<bool> Connection::send_in_turn(std::string event) {
    const std::size_t limit = event.size() > 2 * event_bytes ? 0 : unsent_low;
    if (socket_.unsent() > limit) {
        const bool open = co_await socket_.drained(limit);
        if (!open) co_return false;
    }
    co_return socket_.send(event);
}

void Connection::hold(const std::vector<LeasedMessage>& messages, Duration lease) {
    if (messages.empty()) return;
    const auto now = SteadyClock::now();
    const auto next = leases_.next_due();
    for (const LeasedMessage& leased : messages) leases_.add(leased.receipt, lease, now);
    held_->store(leases_.size(), std::memory_order_relaxed);
    if (!next || *leases_.next_due() < *next) leases_changed_.notify_all();
}

std::vector<Connection::Held> Connection::let_go(const std::vector<std::string>& receipts) {
    std::vector<Held> ours;
    const bool was_full = leases_.size() >= context_.config.held_max;
    for (const auto& text : receipts) {
        const auto receipt = Receipt::parse(text);
        if (!receipt) continue;
        const auto lease = leases_.remove(*receipt);
        if (lease) ours.push_back({.receipt = *receipt, .lease = *lease});
    }
    held_->store(leases_.size(), std::memory_order_relaxed);
    if (was_full) leases_changed_.notify_all();
    return ours;
}

void Connection::hold_again(const std::vector<Held>& held) {
    const auto now = SteadyClock::now();
    for (const Held& lease : held) leases_.add(lease.receipt, lease.lease, now);
    held_->store(leases_.size(), std::memory_order_relaxed);
    leases_changed_.notify_all();
}

Task<void> Connection::renew_leases() {
    while (true) {
        auto renewal = leases_.due(SteadyClock::now(), renew_max);
        if (!renewal.receipts.empty()) {
            co_await renew(std::move(renewal));
            continue;
        }
        const auto next = leases_.next_due();
        const auto now = SteadyClock::now();
        const auto deadline = next ? Deadline::after(std::chrono::ceil<std::chrono::milliseconds>(
                                         std::max(*next - now, SteadyClock::duration(0))))
                                   : Deadline::never();
        const auto woken = co_await leases_changed_.wait(deadline);
        static_cast<void>(woken);
    }
}

Task<void> Connection::renew(LeaseBook::Renewal renewal) {
    const auto receipts = renewal.receipts;
    const auto results = co_await context_.queues.renew(std::move(renewal.receipts), renewal.lease);
    if (!results) {
        co_await sleep_until(Deadline::after(renew_retry));
        co_return;
    }
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        if ((*results)[i]) continue;
        // Settled meanwhile, or really lost.
        if (!leases_.remove(receipts[i])) continue;
        context_.metrics.lost();
        socket_.send(receipt_event("lease_lost", receipts[i]));
    }
    held_->store(leases_.size(), std::memory_order_relaxed);
    context_.metrics.renewed(receipts.size());
}

/// The queues tell every connection of every cancelled message; one without leases does not even
/// turn its head.
void Connection::watch_cancels() {
    if (watch_) return;
    watch_ = context_.queues.watch_cancels(
        [held = held_, self = self_, executor = executor_](const MessageId& message) {
            if (held->load(std::memory_order_relaxed) == 0) return;
            // In one order with the answers: it overtakes none of a pop that was committed before.
            Handover::of(executor).push(executor, [self, message] {
                if (*self != nullptr) (*self)->on_cancelled(message);
            });
        });
}

void Connection::on_cancelled(const MessageId& message) {
    const auto receipt = leases_.remove(message);
    if (!receipt) return;
    held_->store(leases_.size(), std::memory_order_relaxed);
    leases_changed_.notify_all();
    socket_.send(receipt_event("cancelled", *receipt));
}

}  // namespace baton::api::stream
