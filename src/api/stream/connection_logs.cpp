// Logs on a connection: a subscription is a consumer that leases nothing.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/stream/answer.h"
#include "api/stream/connection.h"

namespace baton::api::stream {
namespace {

constexpr std::size_t event_bytes = 262'144;  // of one frame of messages, about
constexpr std::uint32_t fetch_max = 500;      // messages of one fetch

}  // namespace

Task<Result<std::string>> Connection::subscribe(CommandId id, Subscribe& subscribe) {
    BATON_CO_TRY_VOID(check_consumer(id, subscribe.credit));
    auto subscribing = context_.logs.subscribe(caller_.who, subscribe.path, subscribe.start);
    BATON_CO_TRY(const auto committed, co_await std::move(subscribing));
    BATON_CO_TRY_VOID(check_consumer(id, subscribe.credit));  // what came meanwhile
    const auto consumer = std::make_shared<Consumer>();
    consumer->id = id;
    consumer->queue = subscribe.path.queue;
    consumer->subscription = subscribe.path.name;
    consumer->seen = committed;
    consumer->credit = subscribe.credit;
    consumers_[id] = consumer;
    consumer->cancel = background_.spawn_cancellable([this, consumer] { return follow(consumer); });
    co_return fmt::format(R"({{"credit":{},"committed":{}}})", consumer->credit, consumer->seen);
}

Task<void> Connection::follow(std::shared_ptr<Consumer> consumer) {
    while (true) {
        const bool ready = co_await ready_to_deliver(*consumer);
        if (!ready) co_return;
        service::SubscriptionPath path{.queue = consumer->queue, .name = *consumer->subscription};
        service::FetchOptions options;
        options.after = consumer->seen;
        options.max = std::min(consumer->credit, fetch_max);
        options.wait = service::LogLimits::wait_max;
        consumer->popping = true;
        auto fetching = context_.logs.fetch(caller_.who, std::move(path), options);
        auto messages = co_await std::move(fetching);
        consumer->popping = false;
        if (!messages) {
            end_consumer(*consumer, messages.error());
            co_return;
        }
        if (messages->empty()) continue;
        consumer->seen = messages->back().id.seq;
        consumer->credit -= static_cast<std::uint32_t>(messages->size());
        const bool sent = co_await push_all(*consumer, *std::move(messages));
        if (!sent) co_return;
    }
}

Task<bool> Connection::push_all(const Consumer& consumer, std::vector<MessageView> messages) {
    std::span<const MessageView> rest = messages;
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        std::string event = messages_event(consumer.id, rest, event_bytes);
        const bool sent = co_await send_in_turn(std::move(event));
        if (!sent) co_return false;
        context_.metrics.pushed(before - rest.size());
    }
    co_return true;
}

}  // namespace baton::api::stream
