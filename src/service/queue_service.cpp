#include "service/queue_service.h"

#include <utility>

#include "dispatch/work_item.h"
#include "service/checks.h"

namespace baton::service {
namespace {

using access::Identity;

Result<void> check_post(const Identity& who, const std::vector<NewMessage>& messages) {
    BATON_TRY_VOID(allow(who));
    // Each message is checked by the queues.
    return in_range<std::size_t>("messages", messages.size(), 1, QueueLimits::messages_max);
}

}  // namespace

Task<Result<PutOutcome>> QueueService::put_queue(
    const Identity& who, QueueName name, QueueConfig config, std::optional<TenantId> owner) {
    BATON_CO_TRY_VOID(allow_change(who, name));
    if (owner) {
        BATON_CO_TRY_VOID(access::require(who, access::Role::admin));
    }
    auto putting = queues_.put_queue(name, std::move(config), std::move(owner));
    BATON_CO_TRY(const bool created, co_await std::move(putting));
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
    if (name.view() == dispatch::llm_queue) {
        return failed<void>({.code = Errc::conflict,
            .detail = "the queue of messages to agents stays; `purge` empties it",
            .field = "queue"});
    }
    return queues_.delete_queue(std::move(name));
}

Task<Result<std::uint64_t>> QueueService::purge(const Identity& who, QueueName name) {
    if (auto allowed = allow_change(who, name); !allowed) {
        return failed<std::uint64_t>(std::move(allowed).error());
    }
    return queues_.purge(std::move(name));
}

Task<Result<void>> QueueService::set_paused(const Identity& who, QueueName name, bool paused) {
    if (auto allowed = allow_change(who, name); !allowed) {
        return failed<void>(std::move(allowed).error());
    }
    return queues_.set_paused(std::move(name), paused);
}

Task<Result<QueueStats>> QueueService::stats(const Identity& who, QueueName name) {
    if (auto allowed = allow(who); !allowed) return failed<QueueStats>(std::move(allowed).error());
    return queues_.stats(std::move(name));
}

Task<Result<queue::Posted>> QueueService::post(const Identity& who, QueueName queue,
    std::vector<NewMessage> messages, queue::PostOptions options) {
    if (auto good = check_post(who, messages); !good) {
        return failed<queue::Posted>(std::move(good).error());
    }
    return queues_.post(std::move(queue), std::move(messages), options);
}

Task<Result<std::vector<LeasedMessage>>> QueueService::pop(
    const Identity& who, QueueName queue, PopOptions options) {
    auto good = check_pop(who, options);
    if (good) good = SystemQueues::may_change(who, queue);
    if (!good) {
        return failed<std::vector<LeasedMessage>>(std::move(good).error());
    }
    return queues_.pop(pop_request(std::move(queue), options));
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
    BATON_CO_TRY(auto found, co_await queues_.peek(std::move(request)));
    PeekPage page{.messages = std::move(found.messages)};
    if (found.more) page.next = page.messages.back().id.seq;
    co_return page;
}

Task<Result<MessageView>> QueueService::get(const Identity& who, MessageId message) {
    if (auto allowed = allow(who); !allowed) return failed<MessageView>(std::move(allowed).error());
    return queues_.get(message);
}

Task<Result<void>> QueueService::cancel(const Identity& who, MessageId message) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(co_await system_.may_change(who, message));
    co_return co_await queues_.cancel(message);
}

Task<Result<void>> QueueService::reply(
    const Identity& who, MessageId message, Bytes result, std::string metadata) {
    BATON_CO_TRY_VOID(allow(who));
    BATON_CO_TRY_VOID(co_await system_.may_change(who, message));
    auto replying = queues_.reply(message, std::move(result), std::move(metadata));
    co_return co_await std::move(replying);
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
