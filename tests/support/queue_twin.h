// An engine and the models of its queues side by side, over a store that outlives both.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "queue/engine/engine.h"
#include "support/fake_clock.h"
#include "support/queue_checks.h"
#include "support/queue_model.h"

namespace baton::test {

/// Queues `fsync`, `relaxed` and `memory`. What is done to the engine is done to the models by the
/// owner, with RC_ASSERT on what differs.
class QueueTwin final {
public:
    /// A new store over the same disk.
    using Open = std::function<std::unique_ptr<queue::Store>()>;
    using Models = std::map<std::string, QueueModel>;
    static constexpr std::array<const char*, 3> names{"fsync", "relaxed", "memory"};

    QueueTwin(Open open, std::uint64_t memory_budget)
        : open_(std::move(open)), memory_budget_(memory_budget) {
        start();
        for (const auto& name : names) make(QueueName(name));
        commit();
    }

    [[nodiscard]] queue::Engine& engine() { return *engine_; }
    [[nodiscard]] std::uint64_t next_uid() { return ++uids_; }
    QueueModel& model(const QueueName& name) { return models.at(name.text); }

    void make(const QueueName& name) {
        QueueConfig config;
        config.durability = name.text == "fsync"     ? Durability::fsync
                            : name.text == "relaxed" ? Durability::relaxed
                                                     : Durability::memory;
        must(engine_->put_queue(name, config, next_uid(), now));
        if (const auto gone = models.find(name.text); gone != models.end()) {
            gone_.emplace(gone->second.generation, gone->second);
        }
        models[name.text] = {.config = config, .generation = uids_};
    }
    /// Lets time do its work, in small portions.
    void advance() {
        while (engine_->advance(now, 3)) {
        }
        for (auto& [name, model] : models) model.advance(now);
        for (auto& [generation, model] : gone_) model.advance(now);
    }
    void commit() {
        const auto batch = engine_->take_batch();
        static_cast<void>(engine_->take_news());
        if (!batch.records.empty()) must(store_->commit(batch.records, batch.durability));
        engine_->committed();
        committed_ = models;
        committed_quota_ = quota;
        gone_.clear();
    }

    /// kill -9 between two commits.
    void crash() {
        engine_.reset();
        models = committed_;
        quota = committed_quota_;
        for (auto& [name, model] : models) model.restart(now);
        committed_ = models;
        gone_.clear();
        store_.reset();
        start();
    }

    /// The commit is refused: what was done since the last one is undone, except in queues in
    /// memory.
    void undo() {
        auto before = committed_;
        for (auto& [name, model] : before) {
            if (model.is_stored()) {
                model.read_back(now);
                continue;
            }
            const QueueModel& live = models[name];
            auto kept = live.generation == model.generation ? live : gone_.at(model.generation);
            kept.config = model.config;
            kept.paused = model.paused;
            kept.paused_keys = model.paused_keys;
            kept.set_rates(now);
            model = kept;
        }
        models = before;
        committed_ = models;
        gone_.clear();
        quota = committed_quota_;
        recover();
    }

    /// Every queue shows what its model says.
    void check_all() {
        std::uint64_t used_least = 0;
        std::uint64_t used_most = 0;
        for (const auto& [name, model] : models) {
            check_messages(
                must(engine_->peek({.queue = QueueName(name), .limit = 100'000})).messages, model);
            check_stats(must(engine_->stats(QueueName(name))), model);
            if (!model.is_stored()) continue;
            used_least += model.bytes() + model.reply_bytes(now);
            used_most += model.bytes() + model.reply_bytes(now - Duration(1'000));
        }
        RC_ASSERT(kept().limit == quota);
        RC_ASSERT(kept().used >= used_least);
        RC_ASSERT(kept().used <= used_most);  // what has ended goes within a second
    }
    /// All stored queues have one owner.
    [[nodiscard]] StorageQuota kept() {
        return engine_->quota(TenantId(std::string(default_tenant)));
    }
    /// Of stored queues: every message as it can be seen, and whether the store has its content.
    std::vector<std::tuple<MessageId, MessageState, std::uint32_t, std::uint32_t, std::string>>
    everything() {
        std::vector<std::tuple<MessageId, MessageState, std::uint32_t, std::uint32_t, std::string>>
            all;
        for (const auto& [name, model] : models) {
            for (const auto& view :
                must(engine_->peek({.queue = QueueName(name), .limit = 100'000})).messages) {
                const std::array<queue::Locator, 1> at{must(engine_->locate(view.id))};
                const auto data = must(store_->read(at)).at(0);
                RC_ASSERT(data != nullptr);
                RC_ASSERT(
                    data->content.size() == model.messages.at(view.id.seq).letter.text.size());
                all.emplace_back(
                    view.id, view.state, view.attempts, view.failures, view.dead_reason);
            }
        }
        return all;
    }

    /// What the quota leaves to the messages of a queue.
    [[nodiscard]] std::uint64_t bytes_max(const QueueName& name) {
        const QueueModel& model = models.at(name.text);
        if (quota == 0 || !model.is_stored()) return UINT64_MAX;
        const std::uint64_t others = kept().used - model.bytes();
        return others > quota ? 0 : quota - others;
    }

    bool is_current(const QueueName& name, const MessageId& id) {
        return must(engine_->uid_of(name)) == id.queue_uid;
    }
    bool is_known(const QueueName& name, const MessageId& id) {
        return is_current(name, id) && id.seq < model(name).next_seq;
    }
    QueueModel::Message* leased(const QueueName& name, const Receipt& receipt) {
        if (!is_current(name, receipt.message)) return nullptr;
        return model(name).leased(receipt.message.seq, receipt.attempt);
    }

    TimePoint now = FakeClock::start;
    Models models;
    std::uint64_t quota = 0;  ///< of all stored queues together; 0: none

private:
    void start() {
        store_ = open_();
        engine_ = std::make_unique<queue::Engine>(queue::EngineConfig{
            .memory_budget = memory_budget_, .run = ++runs_ * 0x9E3779B97F4A7C15});
        recover();
    }
    void recover() {
        engine_->forget_stored();
        must(store_->recover(*engine_));
        engine_->finish_recovery(now);
        advance();
    }
    Open open_;
    std::uint64_t memory_budget_;
    std::uint64_t runs_ = 0;
    std::uint64_t uids_ = 0;
    Models committed_;
    std::map<std::uint64_t, QueueModel> gone_;  ///< by generation, those remade since the commit
    std::uint64_t committed_quota_ = 0;
    std::unique_ptr<queue::Store> store_;
    std::unique_ptr<queue::Engine> engine_;
};

}  // namespace baton::test
