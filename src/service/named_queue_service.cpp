#include "service/named_queue_service.h"

#include <utility>

#include "service/checks.h"

namespace baton::service {
namespace {

using access::Identity;

constexpr int finish_tries = 3;  // a delivery may end while it is being finished

std::vector<std::string> texts_of(const std::vector<LeasedMessage>& messages) {
    std::vector<std::string> texts;
    texts.reserve(messages.size());
    for (const auto& message : messages) texts.push_back(message.receipt.text());
    return texts;
}

}  // namespace

bool NamedQueueService::Recent::put(std::string_view name, MessageId message) {
    const std::scoped_lock lock(mutex_);
    const auto [place, fresh] = messages_.try_emplace(std::string(name), message);
    if (!fresh) return std::exchange(place->second, message) != message;
    order_.emplace(name);
    if (order_.size() > names_max) {
        messages_.erase(order_.front());
        order_.pop();
    }
    return true;
}

std::optional<MessageId> NamedQueueService::Recent::find(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    const auto place = messages_.find(name);
    return place == messages_.end() ? std::nullopt : std::optional(place->second);
}

Task<Result<queue::Posted>> NamedQueueService::post(const Identity& who, QueueName queue,
    std::vector<NewMessage> messages, queue::PostOptions options) {
    std::vector<NamedMessage> named(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        named[i].name = name_of(messages[i].data);
    }
    auto posting = queues_.post(who, std::move(queue), std::move(messages), options);
    BATON_CO_TRY(auto posted, co_await std::move(posting));
    for (std::size_t i = 0; i < named.size(); ++i) named[i].message = posted.messages[i].id;
    std::erase_if(named, [](const NamedMessage& one) { return one.name.empty(); });
    if (!named.empty()) {
        BATON_CO_TRY_VOID(co_await names_.remember(named));
        for (const auto& one : named) recent_.put(one.name, one.message);
    }
    co_return posted;
}

Task<Result<SettledAndPopped>> NamedQueueService::pop(const Identity& who, QueueName queue,
    std::vector<std::string> receipts, PopOptions options, bool finish) {
    SettledAndPopped popped;
    if (receipts.empty()) {
        BATON_CO_TRY(popped.messages, co_await queues_.pop(who, std::move(queue), options));
    } else {
        auto both = queues_.ack_and_pop(who, std::move(queue), std::move(receipts), options);
        BATON_CO_TRY(popped, co_await std::move(both));
    }
    std::vector<NamedMessage> unknown;
    for (const auto& leased : popped.messages) {
        const auto name = leased.message.data ? name_of(*leased.message.data) : std::string_view();
        if (!name.empty() && recent_.put(name, leased.message.id)) {
            unknown.push_back({std::string(name), leased.message.id});
        }
    }
    // Posted through another door or daemon, or before a restart. The messages are leased: what
    // can't be written must not keep them from the worker.
    if (!unknown.empty()) {
        [[maybe_unused]] const auto written = co_await names_.remember(std::move(unknown));
    }
    if (!finish || popped.messages.empty()) co_return popped;
    BATON_CO_TRY(
        const auto acked, co_await queues_.ack(who, std::nullopt, texts_of(popped.messages)));
    for (const auto& failure : acked.failures) {
        std::erase_if(popped.messages,
            [&](const LeasedMessage& one) { return one.receipt.text() == failure.receipt; });
    }
    co_return popped;
}

Task<Result<MessageId>> NamedQueueService::find(const Identity& who, std::string name) {
    BATON_CO_TRY_VOID(allow(who));
    // No name has the form of an id.
    if (const auto id = MessageId::parse(name)) co_return *id;
    if (const auto known = recent_.find(name)) co_return *known;
    const bool possible = !name.empty() && name.size() <= MessageLimits::key_max;
    if (possible) {
        BATON_CO_TRY(const auto stored, co_await names_.find(name));
        if (stored) {
            recent_.put(name, *stored);
            co_return *stored;
        }
    }
    co_return fail_field(Errc::message_not_found, "message_id", "no message has this id");
}

Task<Result<bool>> NamedQueueService::answer(
    const Identity& who, MessageId message, MessageAnswer answer) {
    if (answer.receipt) {
        BATON_CO_TRY(const auto view, co_await queues_.get(who, message));
        if (answer.receipt->message != message || view.state != MessageState::leased ||
            view.attempts != answer.receipt->attempt) {
            co_return fail_field(
                Errc::lease_lost, "receipt", "the delivery of this receipt has ended");
        }
    }
    auto replying =
        queues_.reply(who, message, std::move(answer.result), std::move(answer.metadata));
    BATON_CO_TRY_VOID(co_await std::move(replying));
    co_return co_await finish(who, message);
}

Task<Result<bool>> NamedQueueService::finish(const Identity& who, MessageId message) {
    for (int i = 0; i < finish_tries; ++i) {
        const auto view = co_await queues_.get(who, message);
        if (!view) {
            if (view.error().code == Errc::message_not_found) co_return true;
            co_return fail(view.error());
        }
        if (view->state == MessageState::leased) {
            const Receipt receipt{.message = message, .attempt = view->attempts};
            std::vector<std::string> receipts(1, receipt.text());
            BATON_CO_TRY(
                const auto acked, co_await queues_.ack(who, std::nullopt, std::move(receipts)));
            if (acked.settled == 1) co_return true;
        } else if (view->state == MessageState::ready || view->state == MessageState::scheduled) {
            if (view->attempts == 0) co_return false;
            const auto taken = co_await queues_.cancel(who, message);
            if (taken || taken.error().code == Errc::message_not_found) co_return true;
            co_return fail(taken.error());
        } else {
            co_return view->state != MessageState::dead;
        }
    }
    co_return false;
}

}  // namespace baton::service
