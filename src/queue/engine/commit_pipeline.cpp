#include "queue/engine/commit_pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "queue/engine/cancel_watches.h"
#include "queue/engine/memory_return.h"
#include "queue/engine/pipeline_metrics.h"
#include "queue/engine/queue_time.h"
#include "queue/engine/queue_uids.h"
#include "queue/engine/room_keeper.h"
#include "queue/engine/waits.h"

namespace baton::queue {
namespace {

// A batch is committed when it holds this much, even if more commands wait.
constexpr std::size_t batch_records_max = 4'096;
constexpr std::uint64_t batch_bytes_max = 8 * 1024 * 1024;
// What the thread sleeps at most, so that a jump of the wall clock is noticed.
constexpr std::chrono::milliseconds sleep_max{1'000};

}  // namespace

struct CommitPipeline::Impl {
    Impl(std::unique_ptr<Store> store_in, PipelineConfig config_in, const Clock& clock_in,
        MetricRegistry& registry, baton::Log log_in)
        : store(std::move(store_in)),
          config(std::move(config_in)),
          clock(clock_in),
          metrics(registry),
          log(std::move(log_in)),
          uids(config.uid_low_byte),
          engine({.memory_budget = config.memory_budget, .run = uids.make_run()}),
          room(*store, clock) {}

    // Shared with callers, under `mutex`.
    struct Arrival {
        std::unique_ptr<Command> command;  // null: a withdrawal
        std::uint64_t ticket = 0;
    };
    mutable std::mutex mutex;
    std::condition_variable arrived;
    std::vector<Arrival> inbox;
    bool stopping = false;
    bool woken = false;
    std::optional<Error> broken;  // the store has stopped
    std::atomic<std::uint64_t> tickets{1};
    CancelWatches cancel_watches;

    std::unique_ptr<Store> store;
    PipelineConfig config;
    const Clock& clock;
    PipelineMetrics metrics;
    baton::Log log;
    QueueUids uids;

    // The thread's own.
    Engine engine;
    RoomKeeper room;
    Waits waits;
    MemoryReturn memory;
    std::vector<std::unique_ptr<Command>> answered;
    std::vector<std::uint64_t> changed_and_parked;  // of this batch
    std::vector<MessageId> cancelled;               // leased messages, in this batch
    QueueTime time;
    TimePoint now{};
    std::thread thread;

    void run();
    bool wait_for_work(std::vector<Arrival>& work);
    std::chrono::milliseconds sleep_time();
    void process(std::vector<Arrival>& work);
    void take_in(Arrival arrival);
    void serve_waits();
    std::optional<Command::Wait> apply(Command& command);
    bool find_room();
    void commit();
    [[nodiscard]] bool needs_proof() const;
    void return_memory();
    void tell_cancels(bool only_gone);
    void rebuild(const Error& cause);
    void finish_all(const Error* error, bool only_stored);
    /// The one place where a command gets its answer.
    void finish(Command& command, const Error* error) {
        if (const Error* why = error ? error : command.failure()) metrics.refused(why->code);
        command.finish(error);
    }
    Result<void> recover();
    std::optional<Error> accept(std::unique_ptr<Command>& command, std::uint64_t ticket);
    void tick() { now = time.at(clock.now()); }
    void wake();
};

Result<void> CommitPipeline::Impl::recover() {
    engine.forget_stored();
    BATON_TRY_VOID(store->recover(engine));
    time.reach(engine.recovered_time());
    tick();
    engine.finish_recovery(now);
    return {};
}

void CommitPipeline::Impl::run() {
    std::vector<Arrival> work;
    while (wait_for_work(work)) {
        process(work);
        work.clear();
    }
    const Error error{.code = Errc::shutting_down, .detail = "the queues are stopping"};
    for (auto& command : waits.take_all()) finish(*command, &error);
}

std::chrono::milliseconds CommitPipeline::Impl::sleep_time() {
    auto sleep = std::min(sleep_max, waits.next_deadline().remaining());
    if (const auto due = engine.next_due()) {
        tick();
        sleep = std::min(sleep, std::max(*due - now, Duration(0)));
    }
    return sleep;
}

/// False when it is time to end: stopping, and everything taken has been done.
bool CommitPipeline::Impl::wait_for_work(std::vector<Arrival>& work) {
    const auto sleep = sleep_time();
    std::unique_lock lock(mutex);
    arrived.wait_for(lock, sleep, [&] { return !inbox.empty() || stopping || woken; });
    woken = false;
    work.swap(inbox);
    return !work.empty() || !stopping;
}

void CommitPipeline::Impl::process(std::vector<Arrival>& work) {
    std::size_t next = 0;
    bool more_due = true;
    while (next < work.size() || more_due) {
        tick();
        engine.allow_growth(room.at_hand());
        more_due = engine.advance(now);
        while (next < work.size() && engine.batch_records() < batch_records_max &&
               engine.batch_bytes() < batch_bytes_max) {
            take_in(std::move(work[next++]));
        }
        serve_waits();
        commit();
    }
    while (auto command = waits.take_expired()) finish(*command, nullptr);
    return_memory();
}

void CommitPipeline::Impl::return_memory() {
    memory.note_gone(engine.take_gone());
    const auto at = std::chrono::steady_clock::now();
    if (memory.may_be_due(at) && memory.is_due(engine.live_count(), at)) memory.trim(at);
}

void CommitPipeline::Impl::take_in(Arrival arrival) {
    if (!arrival.command) {
        if (auto command = waits.take(arrival.ticket)) {
            const Error error{.code = Errc::cancelled, .detail = "the wait was called off"};
            finish(*command, &error);
        }
        return;
    }
    const auto wait = apply(*arrival.command);
    if (!wait || wait->deadline.expired()) {
        answered.push_back(std::move(arrival.command));
    } else if (waits.size() >= config.waits_max) {
        const Error error{.code = Errc::overloaded, .detail = "too many calls wait for messages"};
        finish(*arrival.command, &error);
    } else {
        if (wait->has_changes) changed_and_parked.push_back(arrival.ticket);
        waits.park(arrival.ticket, std::move(arrival.command), *wait);
    }
}

std::optional<Command::Wait> CommitPipeline::Impl::apply(Command& command) {
    static_cast<void>(engine.take_touched_stored());
    auto wait = command.apply(engine, now);
    if (find_room()) wait = command.apply(engine, now);
    command.touched_stored |= engine.take_touched_stored();
    return wait;
}

/// Whether a command that was refused for lack of room may try again: then the store has made some.
bool CommitPipeline::Impl::find_room() {
    const auto bytes = engine.take_lacking();
    if (bytes == 0) return false;
    const bool was_full = room.is_full();
    const auto found = room.ask(bytes);
    if (found) engine.allow_growth(*found);
    if (room.is_full() != was_full) {
        log.warn(was_full ? "the store has room again" : "the store is full, posts are refused");
    }
    return found.has_value();
}

void CommitPipeline::Impl::serve_waits() {
    const auto news = engine.take_news();
    cancelled.insert(cancelled.end(), news.cancelled.begin(), news.cancelled.end());
    if (waits.size() == 0) return;
    const auto retry = [&](Command& command) { return apply(command); };
    const auto done = [&](std::unique_ptr<Command> command) {
        answered.push_back(std::move(command));
    };
    for (const auto uid : news.queues) waits.serve_pops(uid, retry, done);
    for (const auto& message : news.replies) waits.serve_replies(message, message, retry, done);
    for (const auto& message : news.streams.outputs) {
        waits.serve_outputs(message, message, retry, done);
    }
    for (const auto uid : news.streams.logs) waits.serve_fetches(uid, retry, done);
    for (const auto uid : news.dropped) {
        waits.serve_pops(uid, retry, done);
        waits.serve_fetches(uid, retry, done);
        waits.serve_replies({uid, 0}, {uid, UINT64_MAX}, retry, done);
        waits.serve_outputs({uid, 0}, {uid, UINT64_MAX}, retry, done);
    }
}

void CommitPipeline::Impl::commit() {
    auto batch = engine.take_batch();
    if (broken) return finish_all(&*broken, true);
    if (batch.records.empty() && !needs_proof()) {
        engine.committed();
        return finish_all(nullptr, false);
    }
    if (batch.records.empty()) batch = engine.take_proof();
    const auto begin = std::chrono::steady_clock::now();
    const auto result = store->commit(batch.records, batch.durability);
    if (result) {
        metrics.committed(batch.records.size(), std::chrono::steady_clock::now() - begin);
        room.committed(batch.growth);
        engine.committed();
        finish_all(nullptr, false);
        return engine.reuse(std::move(batch.records));
    }
    metrics.commit_failed();
    rebuild(result.error());
}

/// Whether what the engine said may be out of date, since the store is another's by now.
bool CommitPipeline::Impl::needs_proof() const {
    const auto is_stored = [](const auto& command) { return command->touched_stored; };
    return config.may_answer && std::ranges::any_of(answered, is_stored) && !config.may_answer();
}

/// The engine is ahead of the store: what it did since the last commit never happened.
void CommitPipeline::Impl::rebuild(const Error& cause) {
    Error error = with_context(cause, "the store could not commit");
    if (wrote_nothing(cause)) {
        log.warn("store refused a batch", {{"error", cause.detail}});
        if (cause.code == Errc::storage_full) room.refused();
        const auto recovered = recover();
        if (recovered) {
            finish_all(&error, true);
            return wake();  // what was undone may serve those who wait
        }
        error = with_context(recovered.error(), "recovering after a refused batch");
    }
    log.error("store has stopped, restart to recover from disk", {{"error", error.detail}});
    error.code = config.may_answer ? Errc::deadline_exceeded : Errc::storage_io;
    Error later = error;
    if (config.may_answer) later.code = Errc::unavailable;
    {
        const std::scoped_lock lock(mutex);
        broken = later;
    }
    finish_all(&error, true);
    for (auto& command : waits.take_all()) finish(*command, &later);
}

/// Gives out the answers of the batch. `only_stored`: queues in memory did not need the commit that
/// failed.
void CommitPipeline::Impl::finish_all(const Error* error, bool only_stored) {
    // First: whoever cancels and has the answer knows that those who work on it were told.
    tell_cancels(error != nullptr);
    for (auto& command : answered) {
        finish(*command, only_stored && !command->touched_stored ? nullptr : error);
    }
    answered.clear();
    for (const auto ticket : std::exchange(changed_and_parked, {})) {
        if (error == nullptr) break;
        if (auto command = waits.take(ticket)) finish(*command, error);
    }
}

/// `only_gone`: the commit failed; what was cancelled in queues in memory is gone all the same.
void CommitPipeline::Impl::tell_cancels(bool only_gone) {
    auto messages = std::exchange(cancelled, {});
    if (only_gone) {
        std::erase_if(
            messages, [&](const MessageId& id) { return engine.get(id, now).has_value(); });
    }
    if (!messages.empty()) cancel_watches.tell(messages);
}

CommitPipeline::CommitPipeline(std::unique_ptr<Store> store, PipelineConfig config,
    const Clock& clock, MetricRegistry& metrics, baton::Log log)
    : impl_(std::make_unique<Impl>(
          std::move(store), std::move(config), clock, metrics, std::move(log))) {}

CommitPipeline::~CommitPipeline() { stop(); }

Result<void> CommitPipeline::start() {
    BATON_TRY_VOID(impl_->recover());
    impl_->thread = std::thread([this] { impl_->run(); });
    return {};
}

void CommitPipeline::stop() {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->arrived.notify_one();
    if (!impl_->thread.joinable()) return;
    impl_->thread.join();
    if (const auto closed = impl_->store->close(); !closed) {
        impl_->log.error("the store did not close well", {{"error", closed.error().detail}});
    }
}

std::uint64_t CommitPipeline::next_ticket() noexcept { return impl_->tickets.fetch_add(1); }

/// Puts the command into the inbox, or leaves it where it is and says why.
std::optional<Error> CommitPipeline::Impl::accept(
    std::unique_ptr<Command>& command, std::uint64_t ticket) {
    bool was_empty = false;
    {
        const std::scoped_lock lock(mutex);
        if (stopping) {
            return Error{.code = Errc::shutting_down, .detail = "the queues are stopping"};
        }
        if (broken) return broken;
        if (inbox.size() >= config.commands_max) {
            return Error{.code = Errc::overloaded,
                .detail = "too many queue commands wait",
                .retry_after = Duration(100)};
        }
        was_empty = inbox.empty();
        inbox.push_back({std::move(command), ticket});
    }
    if (was_empty) arrived.notify_one();
    return std::nullopt;
}

void CommitPipeline::submit(std::unique_ptr<Command> command, std::uint64_t ticket) {
    const auto refused = impl_->accept(command, ticket);
    if (!refused) return;
    impl_->finish(*command, &*refused);
}

void CommitPipeline::withdraw(std::uint64_t ticket) {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->inbox.push_back({nullptr, ticket});
    }
    impl_->arrived.notify_one();
}

void CommitPipeline::Impl::wake() {
    {
        const std::scoped_lock lock(mutex);
        woken = true;
    }
    arrived.notify_one();
}

std::uint64_t CommitPipeline::make_uid() const { return impl_->uids.make(); }

std::unique_ptr<Watch> CommitPipeline::watch_cancels(
    std::function<void(const MessageId&)> cancelled) {
    return impl_->cancel_watches.add(std::move(cancelled));
}

void CommitPipeline::wake() { impl_->wake(); }

Result<void> CommitPipeline::health() const {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->broken) return fail(*impl_->broken);
    return {};
}

void CommitPipeline::note_refusal(Errc code) { impl_->metrics.refused(code); }

Store& CommitPipeline::store() noexcept { return *impl_->store; }

}  // namespace baton::queue
