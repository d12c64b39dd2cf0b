#include "cluster_engine.h"

#include <algorithm>
#include <utility>

#include "queue/store/journal/journal_store.h"
#include "support/queue_letters.h"

namespace baton::test {

SimEngine::SimEngine(SimWorld& world, SimStream& stream, SimHost host,
    std::shared_ptr<SimulatedDisk> disk, std::uint64_t run)
    : world_(world),
      host_(std::move(host)),
      disk_(std::move(disk)),
      files_(disk_->files()),
      engine_({.memory_budget = 1 << 20, .run = queue::cluster::PartitionMap::run_number(run)}) {
    auto log = std::make_unique<SimSharedLog>(world, stream, host_.reaches_log);
    store_ = must(queue::make_journal_store(
        *files_, {.segment_size = queue::JournalConfig::segment_size_min}, std::move(log)));
}

Result<void> SimEngine::recover() {
    engine_.forget_stored();
    BATON_TRY_VOID(store_->recover(engine_));
    time_.reach(engine_.recovered_time());
    now_ = time_.at(host_.wall_time());
    engine_.finish_recovery(now_);
    return {};
}

void SimEngine::submit(std::shared_ptr<SimCall> call) {
    if (!is_serving_ || is_broken_) {
        const Error error{.code = Errc::unavailable, .detail = "not led here"};
        return host_.answer(std::move(call), &error);
    }
    inbox_.push_back(std::move(call));
    begin_batch();
}

void SimEngine::prove(std::function<void()> proved) {
    proved_ = std::move(proved);
    begin_batch();
}

void SimEngine::kick() {
    if (!is_serving_ || is_broken_) return;
    if (engine_.next_due() && *engine_.next_due() <= time_.at(host_.wall_time())) begin_batch();
}

void SimEngine::close(std::function<void()> closed) {
    if (world_.mistake == Mistake::goes_on_after_close && is_serving_ && !is_broken_) {
        return host_.after(Duration(1), std::move(closed));
    }
    is_serving_ = false;
    closed_ = std::move(closed);
    if (!is_busy_) host_.after(Duration(1), std::exchange(closed_, nullptr));
}

bool SimEngine::may_answer() const {
    return host_.steady_time() < answers_until_ || world_.mistake == Mistake::no_lease;
}

void SimEngine::begin_batch() {
    if (is_busy_ || is_broken_) return;
    now_ = time_.at(host_.wall_time());
    while (engine_.advance(now_)) {
    }
    for (auto& call : std::exchange(inbox_, {})) {
        call->apply(engine_, *store_, now_);
        answered_.push_back(std::move(call));
    }
    static_cast<void>(engine_.take_news());
    proving_ = std::exchange(proved_, nullptr);
    auto batch = engine_.take_batch();
    const bool needs_proof = proving_ || (!answered_.empty() && !may_answer());
    if (batch.records.empty() && !needs_proof) {
        engine_.committed();
        return answer_all(nullptr);
    }
    if (batch.records.empty()) batch = engine_.take_proof();
    commit(std::move(batch));
}

void SimEngine::commit(queue::Engine::Batch batch) {
    is_busy_ = true;
    if (world_.mistake == Mistake::answers_early) answer_all(nullptr);
    auto self = shared_from_this();
    auto shared = std::make_shared<queue::Engine::Batch>(std::move(batch));
    // The request travels by itself: it may arrive although the daemon has crashed or stands still.
    world_.agenda.after(world_.travel_time(), [self, shared] {
        if (!self->host_.is_alive() && self->world_.chance.one_in(2)) return;
        const auto result = self->store_->commit(shared->records, shared->durability);
        self->host_.after(self->world_.travel_time(), [self, result] { self->committed(result); });
    });
}

void SimEngine::committed(const Result<void>& result) {
    is_busy_ = false;
    if (result) {
        engine_.committed();
        answer_all(nullptr);
        if (const auto proved = std::exchange(proving_, nullptr)) proved();
    } else if (auto undone = undo(result.error()); !undone) {
        return stop(undone.error());
    }
    if (!inbox_.empty() || proved_) begin_batch();
    if (closed_ && !is_busy_) host_.after(Duration(1), std::exchange(closed_, nullptr));
}

/// Goes back to what the store has, when it says that it is what it was before the batch.
Result<void> SimEngine::undo(const Error& cause) {
    const bool is_refused = cause.code == Errc::storage_full || cause.code == Errc::unavailable;
    if (!is_refused) return fail(cause);
    BATON_TRY_VOID(recover());
    proving_ = nullptr;
    answer_all(&cause);
    return {};
}

void SimEngine::stop(const Error& cause) {
    is_broken_ = true;
    is_serving_ = false;
    Error error{.code = Errc::deadline_exceeded, .detail = cause.detail};
    answer_all(&error);
    error.code = Errc::unavailable;  // these were not begun
    answered_ = std::exchange(inbox_, {});
    answer_all(&error);
    if (closed_) return host_.after(Duration(1), std::exchange(closed_, nullptr));
    host_.broken();
}

void SimEngine::answer_all(const Error* error) {
    for (auto& call : std::exchange(answered_, {})) host_.answer(std::move(call), error);
}

}  // namespace baton::test
