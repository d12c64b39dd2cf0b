// An engine with a log and a queue whose messages have output, and the models of both, over a store
// that outlives them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "queue/engine/engine.h"
#include "support/fake_clock.h"
#include "support/queue_letters.h"
#include "support/stream_model.h"

namespace baton::test {

/// What is done to the engine is done to the models by the owner.
class StreamTwin {
public:
    /// A new store over the same disk.
    using Open = std::function<std::unique_ptr<queue::Store>()>;

    StreamTwin(Open open, std::uint64_t memory_budget)
        : open_(std::move(open)), memory_budget_(memory_budget) {
        start();
        must(engine_->put_queue(log_, models_.log.config, 1, now_));
        must(engine_->put_queue(work_, {.reply_ttl = std::chrono::seconds(2)}, 2, now_));
        commit();
    }

protected:
    struct Models {
        LogModel log;
        OutputModel output;
    };

    void advance() {
        while (engine_->advance(now_, 3)) {
        }
        models_.log.advance(now_);
    }
    void commit() {
        const auto batch = engine_->take_batch();
        static_cast<void>(engine_->take_news());
        if (!batch.records.empty()) must(store_->commit(batch.records, batch.durability));
        engine_->committed();
        committed_ = models_;
    }
    /// kill -9 between two commits.
    void crash() {
        engine_.reset();
        models_ = committed_;
        store_.reset();
        start();
    }
    /// The commit is refused: what was done since the last one is undone.
    void undo() {
        models_ = committed_;
        recover();
    }
    /// Every log, cursor and output shows what its model says, as far as `dice` looks.
    void check() {
        check_log();
        for (const auto& [seq, receipt] : receipts_) {
            if (models_.output.messages.contains(seq)) check_output(receipt.message);
        }
    }

    const QueueName log_{"log"};
    const QueueName work_{"work"};
    TimePoint now_ = FakeClock::start;
    std::array<std::uint32_t, 4> dice_{};
    Models models_;
    std::map<std::uint64_t, Receipt> receipts_;  ///< by seq
    std::unique_ptr<queue::Engine> engine_;

private:
    void start() {
        store_ = open_();
        engine_ = std::make_unique<queue::Engine>(
            queue::EngineConfig{.memory_budget = memory_budget_, .run = 7});
        recover();
    }
    void recover() {
        engine_->forget_stored();
        must(store_->recover(*engine_));
        engine_->finish_recovery(now_);
        advance();
    }
    void check_log() {
        const LogModel& log = models_.log;
        RC_ASSERT(must(engine_->stats(log_)).ready == log.messages.size());
        const auto all = must(engine_->subscriptions(log_));
        RC_ASSERT(all.size() == log.cursors.size());
        for (const auto& subscription : all) {
            const auto committed = log.cursors.at(subscription.name.text);
            RC_ASSERT(subscription.committed == committed);
            RC_ASSERT(subscription.lag == log.lag(committed));
            check_fetch(subscription.name, {}, committed);
            check_fetch(subscription.name, dice_[3] % log.next_seq, dice_[3] % log.next_seq);
        }
    }
    void check_fetch(
        const SubscriptionName& name, std::optional<std::uint64_t> after, std::uint64_t after_seq) {
        const std::uint32_t max = 1 + dice_[2] % 7;
        const auto views = must(engine_->fetch(
            {.queue = log_, .subscription = name, .after = after, .max = max}, now_));
        const auto expected = models_.log.after(after_seq, max);
        RC_ASSERT(views.size() == expected.size());
        for (std::size_t i = 0; i < views.size(); ++i) {
            RC_ASSERT(views[i].id.seq == expected[i].first);
            RC_ASSERT(text_of(views[i]) == expected[i].second);
        }
    }
    std::string text_of(const MessageView& view) {
        if (view.data) return std::string(view.data->content.view());
        commit();  // as the pipeline does before anybody hears an answer
        const std::array<queue::Locator, 1> at{must(engine_->locate(view.id))};
        const auto data = must(store_->read(at)).at(0);
        RC_ASSERT(data != nullptr);
        return std::string(data->content.view());
    }
    void check_output(const MessageId& id) {
        const std::uint64_t from = dice_[3] % 9;
        const std::uint32_t max = 1 + dice_[2] % 5;
        const auto slice =
            must(engine_->read_output({.message = id, .from = from, .max = max}, now_));
        const auto expected = models_.output.read(id.seq, from, max, now_);
        std::vector<OutputEvent> events = slice.events;
        if (slice.stored > 0) {
            commit();
            events = must(store_->read_output(must(engine_->locate(id)), from, slice.stored));
        }
        RC_ASSERT(events.size() == expected.size());
        for (std::size_t i = 0; i < events.size(); ++i) {
            RC_ASSERT(events[i].offset == from + i);
            RC_ASSERT(events[i].data.view() == expected[i]);
        }
        const auto state = models_.output.messages.at(id.seq).state;
        RC_ASSERT(slice.ended == (state != OutputModel::State::leased &&
                                     from + max >= models_.output.size(id.seq, now_)));
    }

    Open open_;
    std::uint64_t memory_budget_;
    Models committed_;
    std::unique_ptr<queue::Store> store_;
};

}  // namespace baton::test
