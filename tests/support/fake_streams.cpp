// FakeQueues: output streams, and the logs it does not have.
#include <utility>

#include "support/fake_queues.h"

namespace baton::test {
namespace {

template <class T>
Task<Result<T>> no_logs() {
    co_return fail(Errc::unsupported, "FakeQueues has no logs");
}

}  // namespace

Task<Result<queue::LetterPage>> FakeQueues::find_letters(
    RedriveRequest, std::uint64_t, std::uint32_t) {
    co_return fail(Errc::unsupported, "FakeQueues has one partition");
}
Task<Result<std::uint64_t>> FakeQueues::take_letters(queue::LetterDelivery) {
    co_return fail(Errc::unsupported, "FakeQueues has one partition");
}
Task<Result<std::uint64_t>> FakeQueues::drop_letters(QueueName, std::vector<MessageId>) {
    co_return fail(Errc::unsupported, "FakeQueues has one partition");
}

Task<Result<std::uint64_t>> FakeQueues::append_output(Receipt receipt, std::vector<Bytes> events) {
    BATON_CO_TRY_VOID(co_await enter("append_output"));
    BATON_CO_TRY(Entry * entry, find_leased(receipt));
    for (auto& data : events) {
        entry->output.push_back({.offset = entry->output.size(),
            .attempt = receipt.attempt,
            .at = clock_.now(),
            .data = std::move(data)});
    }
    changed_.notify_all();
    co_return entry->output.size();
}

Task<Result<OutputPage>> FakeQueues::read_output(queue::OutputRequest request) {
    BATON_CO_TRY_VOID(co_await enter("read_output"));
    while (true) {
        BATON_CO_TRY(const Entry* entry, find_entry(request.message));
        OutputPage page{.next = request.from};
        while (page.next < entry->output.size() && page.events.size() < request.max) {
            page.events.push_back(entry->output[page.next++]);
        }
        const auto state = entry->view.state;
        page.ended = (state == MessageState::done || state == MessageState::dead) &&
                     page.next >= entry->output.size();
        if (!page.events.empty() || page.ended || request.wait.expired()) co_return page;
        const auto woken = co_await changed_.wait(request.wait);
        static_cast<void>(woken);
    }
}

Task<Result<std::uint64_t>> FakeQueues::subscribe(QueueName, SubscriptionName, LogStart) {
    return no_logs<std::uint64_t>();
}
Task<Result<void>> FakeQueues::unsubscribe(QueueName, SubscriptionName) { return no_logs<void>(); }
Task<Result<std::vector<Subscription>>> FakeQueues::subscriptions(QueueName) {
    return no_logs<std::vector<Subscription>>();
}
Task<Result<std::vector<MessageView>>> FakeQueues::fetch(queue::FetchRequest) {
    return no_logs<std::vector<MessageView>>();
}
Task<Result<void>> FakeQueues::commit(QueueName, SubscriptionName, std::uint64_t) {
    return no_logs<void>();
}
Task<Result<std::uint64_t>> FakeQueues::seek(QueueName, SubscriptionName, LogStart) {
    return no_logs<std::uint64_t>();
}
Task<Result<std::uint64_t>> FakeQueues::truncate_before(QueueName, std::uint64_t) {
    return no_logs<std::uint64_t>();
}

}  // namespace baton::test
