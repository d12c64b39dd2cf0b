#include "service/queue_service.h"

#include <functional>
#include <utility>

#include <fmt/core.h>

#include "runtime/await_all.h"

namespace baton::service {
namespace {

using access::Identity;

/// The one place where an operation on queues meets permissions: who has a key may use them all.
Result<void> allow(const Identity& who) { return access::require(who, access::Role::member); }

/// A task that has failed already, so that a call on the fast path needs no coroutine of its own.
template <class T>
Task<Result<T>> failed(Error error) {
    co_return fail(std::move(error));
}

template <class Value>
Result<void> in_range(std::string_view field, Value value, Value min, Value max) {
    if (value >= min && value <= max) return {};
    return fail_field(Errc::invalid_argument, std::string(field),
        fmt::format("{} is {}, and must be {} to {}", field, value, min, max));
}

Result<void> in_range(std::string_view field, Duration value, Duration min, Duration max) {
    return in_range(field, value.count(), min.count(), max.count());
}

Result<void> check_post(const Identity& who, const std::vector<NewMessage>& messages) {
    BATON_TRY_VOID(allow(who));
    // Each message is checked by the queues.
    return in_range<std::size_t>("messages", messages.size(), 1, QueueLimits::messages_max);
}

Result<void> check_pop(const Identity& who, const PopOptions& options) {
    BATON_TRY_VOID(allow(who));
    BATON_TRY_VOID(in_range<std::uint32_t>("max", options.max, 1, QueueLimits::pop_max));
    BATON_TRY_VOID(in_range("lease_ms", options.lease, Duration(1), QueueLimits::lease_max));
    return in_range("wait_ms", options.wait, Duration(0), QueueLimits::wait_max);
}

Result<void> check_receipts(const Identity& who, const std::vector<std::string>& receipts) {
    BATON_TRY_VOID(allow(who));
    return in_range<std::size_t>("receipts", receipts.size(), 1, QueueLimits::receipts_max);
}

/// Runs `settle` for every receipt at once and gathers what failed.
template <class T>
Task<Settlement> settle_all(
    std::vector<std::string> receipts, std::function<Task<Result<T>>(Receipt)> settle) {
    std::vector<std::optional<Error>> errors(receipts.size());
    std::vector<std::size_t> started;
    std::vector<Task<Result<T>>> tasks;
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        auto receipt = Receipt::parse(receipts[i]);
        if (!receipt) {
            errors[i] = std::move(receipt).error();
            continue;
        }
        started.push_back(i);
        tasks.push_back(settle(*receipt));
    }
    auto results = co_await await_all(std::move(tasks));
    for (std::size_t k = 0; k < results.size(); ++k) {
        if (!results[k]) errors[started[k]] = std::move(results[k]).error();
    }
    Settlement settlement;
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        if (errors[i]) {
            settlement.failures.push_back({std::move(receipts[i]), *std::move(errors[i])});
        } else {
            ++settlement.settled;
        }
    }
    co_return settlement;
}

}  // namespace

Task<Result<PutOutcome>> QueueService::put_queue(
    const Identity& who, QueueName name, QueueConfig config) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY(const bool created, co_await queues_.put_queue(name, std::move(config)));
    BATON_CO_TRY(auto info, co_await queues_.get_queue(std::move(name)));
    co_return PutOutcome{.info = std::move(info), .created = created};
}

Task<Result<QueueInfo>> QueueService::get_queue(const Identity& who, QueueName name) {
    if (auto allowed = allow(who); !allowed) return failed<QueueInfo>(std::move(allowed).error());
    return queues_.get_queue(std::move(name));
}

Task<Result<std::vector<QueueInfo>>> QueueService::list_queues(const Identity& who) {
    if (auto allowed = allow(who); !allowed) {
        return failed<std::vector<QueueInfo>>(std::move(allowed).error());
    }
    return queues_.list_queues();
}

Task<Result<void>> QueueService::delete_queue(const Identity& who, QueueName name) {
    if (auto allowed = allow(who); !allowed) return failed<void>(std::move(allowed).error());
    return queues_.delete_queue(std::move(name));
}

Task<Result<std::uint64_t>> QueueService::purge(const Identity& who, QueueName name) {
    if (auto allowed = allow(who); !allowed) {
        return failed<std::uint64_t>(std::move(allowed).error());
    }
    return queues_.purge(std::move(name));
}

Task<Result<void>> QueueService::set_paused(const Identity& who, QueueName name, bool paused) {
    if (auto allowed = allow(who); !allowed) return failed<void>(std::move(allowed).error());
    return queues_.set_paused(std::move(name), paused);
}

Task<Result<QueueStats>> QueueService::stats(const Identity& who, QueueName name) {
    if (auto allowed = allow(who); !allowed) return failed<QueueStats>(std::move(allowed).error());
    return queues_.stats(std::move(name));
}

Task<Result<std::vector<PostedMessage>>> QueueService::post(
    const Identity& who, QueueName queue, std::vector<NewMessage> messages) {
    if (auto good = check_post(who, messages); !good) {
        return failed<std::vector<PostedMessage>>(std::move(good).error());
    }
    return queues_.post(std::move(queue), std::move(messages));
}

Task<Result<std::vector<LeasedMessage>>> QueueService::pop(
    const Identity& who, QueueName queue, PopOptions options) {
    if (auto good = check_pop(who, options); !good) {
        return failed<std::vector<LeasedMessage>>(std::move(good).error());
    }
    queue::PopRequest request;
    request.queue = std::move(queue);
    request.max = options.max;
    request.lease = options.lease;
    request.wait = Deadline::after(options.wait);
    request.level = options.level;
    return queues_.pop(std::move(request));
}

Task<Result<Settlement>> QueueService::ack(
    const Identity& who, QueueName queue, std::vector<std::string> receipts) {
    BATON_CO_TRY_VOID(check_receipts(who, receipts));
    BATON_CO_TRY(const auto known, co_await queues_.get_queue(std::move(queue)));
    static_cast<void>(known);
    std::function<Task<Result<void>>(Receipt)> settle = [this](Receipt receipt) {
        return queues_.ack(receipt);
    };
    co_return co_await settle_all<void>(std::move(receipts), std::move(settle));
}

Task<Result<Settlement>> QueueService::nack(
    const Identity& who, QueueName queue, std::vector<std::string> receipts, NackOptions options) {
    BATON_CO_TRY_VOID(check_receipts(who, receipts));
    BATON_CO_TRY_VOID(in_range("delay_ms", options.delay, Duration(0), QueueLimits::delay_max));
    BATON_CO_TRY(const auto known, co_await queues_.get_queue(std::move(queue)));
    static_cast<void>(known);
    std::function<Task<Result<queue::NackOutcome>>(Receipt)> settle = [&](Receipt receipt) {
        queue::NackRequest request;
        request.receipt = receipt;
        request.delay = options.delay;
        request.reason = options.reason;
        return queues_.nack(std::move(request));
    };
    co_return co_await settle_all<queue::NackOutcome>(std::move(receipts), std::move(settle));
}

Task<Result<Settlement>> QueueService::extend(
    const Identity& who, QueueName queue, std::vector<std::string> receipts, Duration lease) {
    BATON_CO_TRY_VOID(check_receipts(who, receipts));
    BATON_CO_TRY_VOID(in_range("lease_ms", lease, Duration(1), QueueLimits::lease_max));
    BATON_CO_TRY(const auto known, co_await queues_.get_queue(std::move(queue)));
    static_cast<void>(known);
    std::function<Task<Result<TimePoint>>(Receipt)> settle = [this, lease](Receipt receipt) {
        return queues_.extend(receipt, lease);
    };
    co_return co_await settle_all<TimePoint>(std::move(receipts), std::move(settle));
}

Task<Result<PeekPage>> QueueService::peek(
    const Identity& who, QueueName queue, PeekOptions options) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(in_range<std::uint32_t>("limit", options.limit, 1, QueueLimits::peek_max));
    queue::PeekRequest request;
    request.queue = std::move(queue);
    request.state = options.state;
    request.after_seq = options.after_seq;
    request.limit = options.limit;
    PeekPage page;
    BATON_CO_TRY(page.messages, co_await queues_.peek(std::move(request)));
    if (page.messages.size() == options.limit) page.next = page.messages.back().id.seq;
    co_return page;
}

Task<Result<MessageView>> QueueService::get(const Identity& who, MessageId message) {
    if (auto allowed = allow(who); !allowed) return failed<MessageView>(std::move(allowed).error());
    return queues_.get(message);
}

Task<Result<void>> QueueService::cancel(const Identity& who, MessageId message) {
    if (auto allowed = allow(who); !allowed) return failed<void>(std::move(allowed).error());
    return queues_.cancel(message);
}

Task<Result<void>> QueueService::reply(
    const Identity& who, MessageId message, Bytes result, std::string metadata) {
    if (auto allowed = allow(who); !allowed) return failed<void>(std::move(allowed).error());
    return queues_.reply(message, std::move(result), std::move(metadata));
}

Task<Result<std::optional<Reply>>> QueueService::get_reply(
    const Identity& who, MessageId message, Duration wait) {
    auto good = allow(who);
    if (good) good = in_range("wait_ms", wait, Duration(0), QueueLimits::wait_max);
    if (!good) return failed<std::optional<Reply>>(std::move(good).error());
    if (wait == Duration(0)) return queues_.get_reply(message);
    return queues_.wait_reply(message, Deadline::after(wait));
}

}  // namespace baton::service
