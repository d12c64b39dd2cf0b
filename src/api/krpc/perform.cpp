#include "api/krpc/perform.h"

#include <utility>

#include <fmt/core.h>

#include "api/krpc/answers.h"
#include "model/codec.h"
#include "model/json_fields.h"

namespace baton::api::krpc {
namespace {

using access::Identity;
using Answer = Task<Result<std::string>>;

/// One call on its way. The overloads are found by the kind of the call.
struct Performer {
    const KrpcDeps& deps;
    const Identity& who;

    Answer operator()(CreateQueue call) const;
    Answer operator()(UpdateQueue call) const;
    Answer operator()(DeleteQueue call) const;
    Answer operator()(ListQueues call) const;
    Answer operator()(GetQueue call) const;
    Answer operator()(GetStats call) const;
    Answer operator()(PurgeQueue call) const;
    Answer operator()(SetPaused call) const;
    Answer operator()(Redrive call) const;
    Answer operator()(Post call) const;
    Answer operator()(Pop call) const;
    Answer operator()(Ack call) const;
    Answer operator()(Nack call) const;
    Answer operator()(Extend call) const;
    Answer operator()(PostReply call) const;
    Answer operator()(GetReply call) const;
    Answer operator()(GetMessage call) const;
    Answer operator()(Peek call) const;
    Answer operator()(CancelMessage call) const;
    Answer operator()(Explain call) const;
    Answer operator()(Reschedule call) const;
    Answer operator()(AppendOutput call) const;
    Answer operator()(ReadOutput call) const;
    Answer operator()(Subscribe call) const;
    Answer operator()(Seek call) const;
    Answer operator()(Unsubscribe call) const;
    Answer operator()(ListSubscriptions call) const;
    Answer operator()(Fetch call) const;
    Answer operator()(CommitSeq call) const;
    Answer operator()(Truncate call) const;
    Answer operator()(GetQuota call) const;
    Answer operator()(SetQuota call) const;
};

std::string count_json(std::string_view name, std::uint64_t count) {
    return fmt::format(R"({{"{}":{}}})", name, count);
}

/// What the services call a parameter that has another name here.
Error renamed(Error error, std::string_view from, std::string_view to) {
    if (error.field == from) error.field = to;
    return error;
}

Answer Performer::operator()(CreateQueue call) const {
    const auto there = co_await deps.queues.get_queue(who, call.queue);
    if (!there && there.error().code != Errc::queue_not_found) co_return fail(there.error());
    const std::string name = call.queue.text;
    if (!there) {
        auto putting = deps.queues.put_queue(
            who, std::move(call.queue), std::move(call.config), std::move(call.owner));
        BATON_CO_TRY(const auto outcome, co_await std::move(putting));
        if (outcome.created) co_return queue_json(outcome.info);
    }
    co_return fail_field(
        Errc::queue_exists, "queue_id", fmt::format("there is a queue `{}` already", name));
}

Answer Performer::operator()(UpdateQueue call) const {
    BATON_CO_TRY(const auto info, co_await deps.queues.get_queue(who, call.queue));
    auto config = queue_config_from_json(call.config, info.config);
    if (!config) co_return fail(inside("config", std::move(config).error()));
    auto putting = deps.queues.put_queue(
        who, std::move(call.queue), *std::move(config), std::move(call.owner));
    BATON_CO_TRY(const auto outcome, co_await std::move(putting));
    co_return queue_json(outcome.info);
}

Answer Performer::operator()(DeleteQueue call) const {
    BATON_CO_TRY_VOID(co_await deps.queues.delete_queue(who, std::move(call.queue)));
    co_return R"({"deleted":true})";
}

Answer Performer::operator()(ListQueues) const {
    BATON_CO_TRY(const auto infos, co_await deps.queues.list_queues(who));
    co_return queues_json(infos);
}

Answer Performer::operator()(GetQueue call) const {
    BATON_CO_TRY(const auto info, co_await deps.queues.get_queue(who, std::move(call.queue)));
    co_return queue_json(info);
}

Answer Performer::operator()(GetStats call) const {
    BATON_CO_TRY(const auto stats, co_await deps.queues.stats(who, std::move(call.queue)));
    co_return stats_json(stats);
}

Answer Performer::operator()(PurgeQueue call) const {
    BATON_CO_TRY(const auto purged, co_await deps.queues.purge(who, std::move(call.queue)));
    co_return count_json("purged", purged);
}

Answer Performer::operator()(SetPaused call) const {
    const char* const done = call.paused ? R"({"paused":true})" : R"({"paused":false})";
    if (call.key) {
        const auto* const name =
            call.key->kind == KeyKind::ordering ? "ordering_key" : "fairness_key";
        auto pausing = deps.operations.pause_key(who, *std::move(call.key), call.paused);
        const auto paused = co_await std::move(pausing);
        if (!paused) co_return fail(renamed(paused.error(), "key", name));
        co_return done;
    }
    auto setting = deps.queues.set_paused(who, std::move(call.queue), call.paused);
    BATON_CO_TRY_VOID(co_await std::move(setting));
    co_return done;
}

Answer Performer::operator()(Redrive call) const {
    BATON_CO_TRY(const auto count, co_await deps.operations.redrive(who, std::move(call.request)));
    co_return count_json("redriven", count);
}

Answer Performer::operator()(Post call) const {
    const queue::PostOptions options{.durability = call.durability};
    auto posting = deps.named.post(who, std::move(call.queue), std::move(call.messages), options);
    BATON_CO_TRY(const auto posted, co_await std::move(posting));
    co_return posted_json(call, posted);
}

Answer Performer::operator()(Pop call) const {
    auto popping = deps.named.pop(
        who, std::move(call.queue), std::move(call.ack), call.options, call.auto_ack);
    BATON_CO_TRY(const auto popped, co_await std::move(popping));
    co_return popped_json(popped, call);
}

Answer Performer::operator()(Ack call) const {
    auto settling = deps.queues.ack(who, std::nullopt, std::move(call.receipts));
    BATON_CO_TRY(const auto settled, co_await std::move(settling));
    co_return settled_json("acked", settled);
}

Answer Performer::operator()(Nack call) const {
    auto settling =
        deps.queues.nack(who, std::nullopt, std::move(call.receipts), std::move(call.options));
    BATON_CO_TRY(const auto settled, co_await std::move(settling));
    co_return settled_json("nacked", settled);
}

Answer Performer::operator()(Extend call) const {
    auto settling = deps.queues.extend(who, std::nullopt, std::move(call.receipts), call.lease);
    BATON_CO_TRY(const auto settled, co_await std::move(settling));
    co_return settled_json("extended", settled);
}

Answer Performer::operator()(PostReply call) const {
    MessageId message;
    if (call.receipt) {
        message = call.receipt->message;
    } else {
        BATON_CO_TRY(message, co_await deps.named.find(who, call.message));
    }
    service::MessageAnswer answer{.result = std::move(call.result),
        .metadata = std::move(call.metadata),
        .receipt = call.receipt};
    BATON_CO_TRY(const bool finished, co_await deps.named.answer(who, message, std::move(answer)));
    co_return finished ? R"({"finished":true})" : R"({"finished":false})";
}

Answer Performer::operator()(GetReply call) const {
    BATON_CO_TRY(const auto message, co_await deps.named.find(who, call.message));
    BATON_CO_TRY(const auto reply, co_await deps.queues.get_reply(who, message, call.wait));
    co_return reply_json(reply, call.message, call.encoding);
}

Answer Performer::operator()(GetMessage call) const {
    BATON_CO_TRY(const auto id, co_await deps.named.find(who, std::move(call.message)));
    BATON_CO_TRY(const auto message, co_await deps.queues.get(who, id));
    co_return message_json(message, call.encoding);
}

Answer Performer::operator()(Peek call) const {
    BATON_CO_TRY(
        const auto page, co_await deps.queues.peek(who, std::move(call.queue), call.options));
    co_return page_json(page, call.encoding);
}

Answer Performer::operator()(CancelMessage call) const {
    BATON_CO_TRY(const auto id, co_await deps.named.find(who, std::move(call.message)));
    BATON_CO_TRY_VOID(co_await deps.queues.cancel(who, id));
    co_return R"({"cancelled":true})";
}

Answer Performer::operator()(Explain call) const {
    BATON_CO_TRY(const auto id, co_await deps.named.find(who, std::move(call.message)));
    BATON_CO_TRY(const auto explanation, co_await deps.operations.explain(who, id));
    std::string out;
    append_json(out, explanation);
    co_return out;
}

Answer Performer::operator()(Reschedule call) const {
    BATON_CO_TRY(const auto id, co_await deps.named.find(who, std::move(call.message)));
    const TimePoint due = deps.clock.now() + call.delay;
    BATON_CO_TRY_VOID(co_await deps.operations.reschedule(who, id, due));
    co_return R"({"rescheduled":true})";
}

Answer Performer::operator()(AppendOutput call) const {
    BATON_CO_TRY(const auto id, co_await deps.named.find(who, std::move(call.message)));
    auto appending = deps.outputs.append(who, id, std::move(call.receipt), std::move(call.events));
    BATON_CO_TRY(const auto next, co_await std::move(appending));
    co_return count_json("next", next);
}

Answer Performer::operator()(ReadOutput call) const {
    BATON_CO_TRY(const auto id, co_await deps.named.find(who, std::move(call.message)));
    BATON_CO_TRY(const auto page, co_await deps.outputs.read(who, id, call.options));
    co_return output_json(page, call.encoding);
}

Answer Performer::operator()(Subscribe call) const {
    auto subscribing = deps.logs.subscribe(who, std::move(call.path), call.start);
    const auto committed = co_await std::move(subscribing);
    if (!committed) co_return fail(renamed(committed.error(), "start", "from"));
    co_return count_json("committed", *committed);
}

Answer Performer::operator()(Seek call) const {
    auto seeking = deps.logs.seek(who, std::move(call.path), call.start);
    const auto committed = co_await std::move(seeking);
    if (!committed) co_return fail(renamed(committed.error(), "start", "to"));
    co_return count_json("committed", *committed);
}

Answer Performer::operator()(Unsubscribe call) const {
    BATON_CO_TRY_VOID(co_await deps.logs.unsubscribe(who, std::move(call.path)));
    co_return R"({"unsubscribed":true})";
}

Answer Performer::operator()(ListSubscriptions call) const {
    BATON_CO_TRY(const auto all, co_await deps.logs.subscriptions(who, std::move(call.queue)));
    co_return subscriptions_json(all);
}

Answer Performer::operator()(Fetch call) const {
    auto fetching = deps.logs.fetch(who, std::move(call.path), call.options);
    BATON_CO_TRY(const auto messages, co_await std::move(fetching));
    co_return fetched_json(messages, call.encoding);
}

Answer Performer::operator()(CommitSeq call) const {
    BATON_CO_TRY_VOID(co_await deps.logs.commit(who, std::move(call.path), call.seq));
    co_return count_json("committed", call.seq);
}

Answer Performer::operator()(Truncate call) const {
    auto truncating = deps.logs.truncate_before(who, std::move(call.queue), call.before);
    const auto removed = co_await std::move(truncating);
    if (!removed) co_return fail(renamed(removed.error(), "seq", "before"));
    co_return count_json("removed", *removed);
}

Answer Performer::operator()(GetQuota call) const {
    BATON_CO_TRY(const auto quota, co_await deps.operations.quota(who, std::move(call.tenant)));
    co_return quota_json(quota);
}

Answer Performer::operator()(SetQuota call) const {
    auto setting = deps.operations.set_quota(who, std::move(call.tenant), call.limit);
    BATON_CO_TRY(const auto quota, co_await std::move(setting));
    co_return quota_json(quota);
}

}  // namespace

Answer perform(const KrpcDeps& deps, const Identity& who, Call call) {
    const Performer performer{deps, who};
    auto task = std::visit(performer, std::move(call));
    co_return co_await std::move(task);
}

}  // namespace baton::api::krpc
