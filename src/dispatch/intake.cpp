#include "dispatch/intake.h"

#include <array>
#include <sodium/crypto_generichash.h>
#include <vector>

#include <fmt/core.h>

#include "dispatch/work_item.h"

namespace baton::dispatch {
namespace {

constexpr std::size_t finished_max = 10'000;
// Finished orders of one kind that are passed before an order goes on without joining.
constexpr int steps_max = 8;

/// Of tenant and content: an item of a chat says its tenant, and so does its fairness key.
std::string hash_of(const MessageData& data) {
    std::array<unsigned char, 32> hash{};
    std::string text = data.fairness_key;
    text += '\0';
    text += data.content.view();
    crypto_generichash(hash.data(), hash.size(),
        reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
    std::string hex;
    for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
    return hex;
}

std::string key_of(const std::string& hash, const std::string& finished) {
    return finished.empty() ? "same/" + hash : "same/" + hash + "/" + finished;
}

}  // namespace

Task<Result<PostedMessage>> Intake::post(WorkOrder order) {
    set_level(order.item, rules_, order.subject, order.priority);
    const Duration time = order.item.ttl;
    const bool joins = order.coalesce && order.item.data.dedup_key.empty();
    Result<PostedMessage> posted;
    if (joins) {
        posted = co_await join_or_post(std::move(order.item));
    } else {
        posted = co_await post_one(std::move(order.item));
    }
    if (!posted || posted->duplicate || time <= Duration(0)) co_return posted;
    const auto admitted = co_await admit(posted->id, time, std::move(order.model));
    if (!admitted) co_return fail(admitted.error());
    co_return posted;
}

Task<Result<PostedMessage>> Intake::post_one(NewMessage item) {
    std::vector<NewMessage> items;
    items.push_back(std::move(item));
    QueueName queue{std::string(llm_queue)};
    auto posted = co_await queues_.post(std::move(queue), std::move(items));
    if (!posted) co_return fail(std::move(posted).error());
    co_return posted->front();
}

/// The dedup key of a kind is made of the last order of it that has finished: so those at the same
/// time have one key, whoever takes them in, and nothing has to be released.
Task<Result<PostedMessage>> Intake::join_or_post(NewMessage item) {
    const std::string hash = hash_of(item.data);
    for (int step = 0; step < steps_max; ++step) {
        item.data.dedup_key = key_of(hash, last_of(hash));
        NewMessage copy = item;
        auto posted = co_await post_one(std::move(copy));
        if (!posted || !posted->duplicate) co_return posted;
        BATON_CO_TRY(const bool finished, co_await is_finished(posted->id));
        if (!finished) co_return posted;
        remember(hash, posted->id.text());
    }
    item.data.dedup_key.clear();
    auto posted = co_await post_one(std::move(item));
    co_return posted;
}

Task<Result<bool>> Intake::is_finished(MessageId id) {
    const auto found = co_await queues_.get(id);
    if (!found) {
        if (found.error().code == Errc::message_not_found) co_return true;
        co_return fail(found.error());
    }
    co_return found->state != MessageState::scheduled && found->state != MessageState::ready &&
        found->state != MessageState::leased;
}

/// Asked of the message where it stands, so that it is the queue that says what goes first. A
/// message that is taken meanwhile is admitted.
Task<Result<void>> Intake::admit(MessageId id, Duration time, std::string model) {
    QueueName queue{std::string(llm_queue)};
    const auto info = co_await queues_.get_queue(queue);
    if (!info || info->config.scheduling.strategy != Strategy::deadline) co_return Result<void>();
    const SteadyTime now = clock_.steady_now();
    bool stale = false;
    {
        const std::lock_guard lock(mutex_);
        stale = capacity_.is_stale(now);
    }
    if (stale) {
        const auto stats = co_await queues_.stats(queue);
        const std::lock_guard lock(mutex_);
        if (stats) capacity_.see(*stats, now);
    }
    const auto where = co_await queues_.explain(id);
    if (!where || where->view.state != MessageState::ready) co_return Result<void>();
    const Duration run =
        pool_ == nullptr || model.empty() ? Duration(0) : pool_->expected_time(model);
    Duration expected = run;
    {
        const std::lock_guard lock(mutex_);
        expected += capacity_.wait_behind(where->ahead, run);
    }
    if (expected <= time) co_return Result<void>();
    const auto cancelled = co_await queues_.cancel(id);
    if (!cancelled) co_return Result<void>();  // it has been done, or has gone
    co_return fail(Error{.code = Errc::overloaded,
        .detail = fmt::format("{} messages come first: it would take {} ms, and has {}",
            where->ahead, expected.count(), time.count()),
        .retry_after = expected - time});
}

std::string Intake::last_of(const std::string& hash) {
    const std::lock_guard lock(mutex_);
    const auto found = finished_.find(hash);
    return found == finished_.end() ? std::string() : found->second.id;
}

void Intake::remember(const std::string& hash, const std::string& finished) {
    const std::lock_guard lock(mutex_);
    const auto [entry, is_new] = finished_.try_emplace(hash);
    if (!is_new) recent_.erase(entry->second.place);
    recent_.push_front(hash);
    entry->second = {.id = finished, .place = recent_.begin()};
    if (finished_.size() <= finished_max) return;
    finished_.erase(recent_.back());
    recent_.pop_back();
}

}  // namespace baton::dispatch
