#include "queue/cluster/held_store.h"

#include <utility>

namespace baton::queue::cluster {

void StoreGate::open() {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::shut) state_ = State::open;
    changed_.notify_all();
}

void StoreGate::close() {
    const std::scoped_lock lock(mutex_);
    state_ = State::closed;
    changed_.notify_all();
}

bool StoreGate::is_closed() const {
    const std::scoped_lock lock(mutex_);
    return state_ == State::closed;
}

bool StoreGate::pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return state_ != State::shut; });
    return state_ == State::open;
}

namespace {

/// Hands everything on, and keeps the queues' uids.
class UidSpotter final : public RecoverySink {
public:
    explicit UidSpotter(RecoverySink& next) : next_(next) {}

    void queue(QueuePut queue, std::uint64_t next_seq) override {
        uids.push_back(queue.uid);
        next_.queue(std::move(queue), next_seq);
    }
    void message(RecoveredMessage message) override { next_.message(std::move(message)); }
    void dedup(Locator first, std::string key, TimePoint until) override {
        next_.dedup(first, std::move(key), until);
    }
    void reply(RecoveredReply reply) override { next_.reply(reply); }
    void output(RecoveredOutput output) override { next_.output(output); }
    void cursor(QueueNumber queue, std::string subscription, std::uint64_t committed) override {
        next_.cursor(queue, std::move(subscription), committed);
    }
    void paused_key(QueueNumber queue, KeyKind kind, std::string key) override {
        next_.paused_key(queue, kind, std::move(key));
    }
    void quota(TenantId owner, std::uint64_t limit) override {
        next_.quota(std::move(owner), limit);
    }

    std::vector<std::uint64_t> uids;

private:
    RecoverySink& next_;
};

class HeldStore final : public Store {
public:
    HeldStore(std::unique_ptr<Store> store, StoreGate& gate, HeldStoreCallbacks callbacks)
        : store_(std::move(store)), gate_(gate), callbacks_(std::move(callbacks)) {}

    Result<void> recover(RecoverySink& sink) override {
        if (gate_.is_closed()) return closed();
        UidSpotter spotter(sink);
        auto recovered = store_->recover(spotter);
        // After a refused batch nobody else looks whether it goes on.
        if (!recovered && was_recovered_) tell_broken();
        BATON_TRY_VOID(std::move(recovered));
        if (gate_.is_closed()) return closed();
        // Only the first time: later ones follow a refused batch, when this daemon serves already.
        if (!std::exchange(was_recovered_, true)) callbacks_.recovered(std::move(spotter.uids));
        if (!gate_.pass()) return closed();
        return {};
    }
    Result<std::uint64_t> reserve(std::uint64_t bytes) override { return store_->reserve(bytes); }
    Result<void> commit(std::span<const Record> records, Durability durability) override {
        auto result = store_->commit(records, durability);
        if (!result && !wrote_nothing(result.error())) tell_broken();
        return result;
    }
    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const Locator> messages) override {
        return store_->read(messages);
    }
    Result<std::shared_ptr<const Reply>> read_reply(Locator message) override {
        return store_->read_reply(message);
    }
    Result<std::vector<OutputEvent>> read_output(
        Locator message, std::uint64_t from, std::size_t max) override {
        return store_->read_output(message, from, max);
    }
    Result<void> close() override { return store_->close(); }

private:
    void tell_broken() {
        if (!std::exchange(is_broken_, true)) callbacks_.broken();
    }
    static std::unexpected<Error> closed() {
        return fail(Errc::shutting_down, "the partition was closed while it opened");
    }

    std::unique_ptr<Store> store_;
    StoreGate& gate_;
    HeldStoreCallbacks callbacks_;
    bool was_recovered_ = false;
    bool is_broken_ = false;
};

}  // namespace

std::unique_ptr<Store> hold_store(
    std::unique_ptr<Store> store, StoreGate& gate, HeldStoreCallbacks callbacks) {
    return std::make_unique<HeldStore>(std::move(store), gate, std::move(callbacks));
}

}  // namespace baton::queue::cluster
