// A run of random commands on logs and outputs, engine and model at once, with crashes and refused
// commits.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/queue_steps.h"
#include "support/stream_twin.h"

namespace baton::test {

class StreamRun final : private StreamTwin {
public:
    using StreamTwin::Open;
    using StreamTwin::StreamTwin;

    /// Runs one step and holds the engine against the model.
    void step(const RunStep& step) {
        dice_ = step.dice;
        using Action = void (StreamRun::*)();
        static constexpr std::array<Action, 24> actions{&StreamRun::post, &StreamRun::post,
            &StreamRun::subscribe, &StreamRun::unsubscribe, &StreamRun::commit_cursor,
            &StreamRun::commit_cursor, &StreamRun::seek, &StreamRun::truncate, &StreamRun::purge,
            &StreamRun::configure, &StreamRun::pass_time, &StreamRun::pass_time, &StreamRun::take,
            &StreamRun::take, &StreamRun::append, &StreamRun::append, &StreamRun::append,
            &StreamRun::append, &StreamRun::settle, &StreamRun::commit, &StreamRun::commit,
            &StreamRun::commit, &StreamRun::crash, &StreamRun::undo};
        (this->*actions[step.kind % actions.size()])();
        check();
    }
    void finish() {
        crash();
        check();
    }

private:
    [[nodiscard]] std::string name() const { return "s" + std::to_string(dice_[0] % 3); }
    std::pair<LogStart, std::uint64_t> place() const {
        const auto& log = models_.log;
        switch (dice_[1] % 3) {
            case 0: return {{.kind = LogStart::Kind::earliest}, log.head() - 1};
            case 1: return {{.kind = LogStart::Kind::latest}, log.next_seq - 1};
            default: break;
        }
        const std::uint64_t seq = 1 + dice_[2] % log.next_seq;
        return {{.kind = LogStart::Kind::seq, .seq = seq}, seq - 1};
    }
    void post() {
        std::vector<std::string> texts;
        std::vector<NewMessage> messages;
        for (std::uint32_t i = 0; i <= dice_[0] % 5; ++i) {
            texts.emplace_back(1 + (dice_[1] + i) % 40, static_cast<char>('a' + i));
            messages.push_back(Letter{.text = texts.back()}.message());
        }
        const auto posted = engine_->post(log_, std::move(messages), now_, {});
        RC_ASSERT(posted.has_value() == models_.log.post(texts, now_));
        if (posted) RC_ASSERT(posted->messages.back().id.seq == models_.log.next_seq - 1);
    }
    void subscribe() {
        const auto [start, before] = place();
        const auto known = models_.log.cursors.try_emplace(name(), before).first;
        RC_ASSERT(must(engine_->subscribe(log_, SubscriptionName(name()), start)) == known->second);
    }
    void unsubscribe() {
        if (dice_[3] % 3 != 0) return;
        const bool known = models_.log.cursors.erase(name()) > 0;
        RC_ASSERT(engine_->unsubscribe(log_, SubscriptionName(name())).has_value() == known);
    }
    void commit_cursor() {
        const std::uint64_t seq = dice_[1] % (models_.log.next_seq + 1);
        const auto cursor = models_.log.cursors.find(name());
        const bool good = cursor != models_.log.cursors.end() && seq >= cursor->second &&
                          seq < models_.log.next_seq;
        RC_ASSERT(engine_->commit(log_, SubscriptionName(name()), seq).has_value() == good);
        if (good) cursor->second = seq;
    }
    void seek() {
        const auto [start, before] = place();
        const auto cursor = models_.log.cursors.find(name());
        const auto sought = engine_->seek(log_, SubscriptionName(name()), start);
        RC_ASSERT(sought.has_value() == (cursor != models_.log.cursors.end()));
        if (sought) RC_ASSERT(*sought == (cursor->second = before));
    }
    void truncate() {
        const std::uint64_t seq = 1 + dice_[0] % models_.log.next_seq;
        RC_ASSERT(
            must(engine_->truncate_before(log_, seq, now_)) == models_.log.truncate_before(seq));
    }
    void purge() {
        if (dice_[0] % 4 != 0) return;
        RC_ASSERT(must(engine_->purge(log_, now_)) == models_.log.messages.size());
        models_.log.messages.clear();
    }
    void configure() {
        QueueConfig& config = models_.log.config;
        config.max_size = dice_[0] % 3 == 0 ? 1 + dice_[0] % 20 : 0;
        config.overflow = static_cast<Overflow>(dice_[1] % 2);
        config.retention_period = std::chrono::seconds(dice_[2] % 4);
        must(engine_->put_queue(log_, config, 3, now_));
        advance();
    }
    void pass_time() {
        static constexpr std::array<int, 6> jumps{1, 90, 300, 1'000, 1'900, 60'000};
        now_ += Duration(jumps[dice_[0] % jumps.size()]);
        advance();
    }
    /// One message more that somebody works on.
    void take() {
        if (receipts_.size() > 40) return;
        must(engine_->post(work_, {Letter{}.message()}, now_, {}));
        const auto popped =
            must(engine_->pop({.queue = work_, .lease = std::chrono::hours(12)}, now_));
        RC_ASSERT(popped.size() == 1u);
        receipts_[popped[0].message.id.seq] = popped[0].receipt;
        models_.output.messages[popped[0].message.id.seq] = {};
    }
    Receipt some_receipt() const {
        auto at = receipts_.begin();
        std::advance(at, dice_[0] % receipts_.size());
        return at->second;
    }
    OutputModel::Message* find(const Receipt& receipt) {
        const auto found = models_.output.messages.find(receipt.message.seq);
        return found == models_.output.messages.end() ? nullptr : &found->second;
    }
    void append() {
        if (receipts_.empty()) return;
        const Receipt receipt = some_receipt();
        OutputModel::Message* message = find(receipt);
        std::vector<Bytes> events;
        for (std::uint32_t i = 0; i <= dice_[1] % 4; ++i) {
            events.emplace_back(std::string((dice_[2] + i) % 100, static_cast<char>('A' + i)));
        }
        const auto next = engine_->append_output(receipt, std::vector(events), now_);
        const bool leased = message != nullptr && message->state == OutputModel::State::leased;
        RC_ASSERT(next.has_value() == leased);
        if (!leased) return;
        for (const auto& event : events) message->events.emplace_back(event.view());
        message->until = now_ + std::chrono::seconds(2);
        RC_ASSERT(*next == message->events.size());
    }
    void settle() {
        if (receipts_.empty()) return;
        const Receipt receipt = some_receipt();
        OutputModel::Message* message = find(receipt);
        if (message == nullptr || message->state == OutputModel::State::gone) return;
        if (dice_[1] % 3 == 0 && message->state == OutputModel::State::leased) {
            must(engine_->nack(
                {.receipt = receipt, .reason = "r", .blame = queue::Blame::fatal}, now_));
            message->state = OutputModel::State::dead;
        } else {
            must(engine_->cancel(receipt.message, now_));
            message->state = OutputModel::State::gone;
        }
    }
};

}  // namespace baton::test
