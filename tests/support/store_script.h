// Batches of records as an engine would write them, drawn by chance: for tests of stores alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "queue/engine/record.h"
#include "support/fake_clock.h"
#include "support/store_habits.h"

namespace baton::test {

class StoreScript final {
public:
    explicit StoreScript(std::uint64_t seed, StoreHabits habits = {})
        : random_(seed), habits_(habits) {}

    /// The next batch: 1 to `records_max` records.
    std::vector<queue::Record> next() { return next(habits_.records_max, habits_.content_max); }
    std::vector<queue::Record> next(std::size_t records_max, std::size_t content_max = 600) {
        std::vector<queue::Record> batch;
        const std::size_t count = 1 + draw(records_max);
        while (batch.size() < count) add(batch, content_max);
        for (auto& [number, queue] : queues_) pass_outputs(batch, number, queue);
        return batch;
    }

    /// The latest time that a record told of.
    [[nodiscard]] TimePoint now() const noexcept { return now_; }

private:
    struct Queue {
        std::uint64_t uid = 0;
        std::uint64_t next_seq = 1;
        std::map<std::uint64_t, MessageState> messages;
        struct Output {
            std::uint64_t events = 0;
            TimePoint until{};
        };
        std::map<std::uint64_t, Output> outputs;
        std::map<std::string, TimePoint> keys;  ///< dedup keys, and when they end
    };

    std::uint64_t draw(std::uint64_t n) { return random_() % n; }
    /// For what an operator does: the messages of a seed stay the same.
    std::uint64_t draw_aside(std::uint64_t n) { return aside_() % n; }
    TimePoint later(std::uint64_t within) { return now_ + Duration(1 + draw(within)); }

    void add(std::vector<queue::Record>& batch, std::size_t content_max) {
        now_ += Duration(draw(habits_.step));
        const queue::QueueNumber number{static_cast<std::uint32_t>(1 + draw(habits_.queues))};
        if (!queues_.contains(number)) return put(batch, number, ++uids_);
        if (draw_aside(30) == 0) control(batch, number);
        Queue& queue = queues_.at(number);
        const auto die = draw(100);
        if (die < 2) {
            queues_.erase(number);
            return void(batch.emplace_back(queue::QueueDropped{number}));
        }
        if (die < 4) return put(batch, number, queue.uid);
        if (die < 40 || queue.messages.empty()) return post(batch, number, queue, content_max);
        auto message = queue.messages.begin();
        std::advance(message, draw(queue.messages.size()));
        const queue::Locator at{number, message->first};
        if (die < 55) return deliver(batch, at, message->second);
        if (die < 65) return append_output(batch, at, queue.outputs[at.seq]);
        if (die < 67) return move_cursor(batch, number, queue);
        if (die < 89) {
            batch.emplace_back(queue::MessageGone{at});
            queue.messages.erase(message);
        } else if (die < 90) {
            truncate(batch, number, queue);
        } else if (die < 92) {
            purge(batch, number, queue);
        } else if (die < 97) {
            const auto reply = std::make_shared<const Reply>(Reply{.message = {queue.uid, at.seq},
                .result = Bytes(std::string(1 + draw(content_max), 'r')),
                .metadata = draw(2) == 0 ? "" : "{\"m\":1}",
                .at = now_});
            batch.emplace_back(queue::ReplyStored{at, reply, later(habits_.reply)});
        } else {
            batch.emplace_back(queue::RetentionPassed{number, now_});
        }
    }
    void put(std::vector<queue::Record>& batch, queue::QueueNumber number, std::uint64_t uid) {
        queue::QueuePut put{.number = number, .uid = uid};
        put.info.name = QueueName("q" + std::to_string(uid));
        put.info.config.max_size = draw(1'000);
        put.info.created_at = FakeClock::start;
        put.info.paused = draw(2) == 0;
        put.info.owner = TenantId("t" + std::to_string(draw_aside(3)));
        queues_[number].uid = uid;
        batch.emplace_back(std::move(put));
    }
    void post(std::vector<queue::Record>& batch, queue::QueueNumber number, Queue& queue,
        std::size_t content_max) {
        auto data = std::make_shared<MessageData>();
        data->content =
            Bytes(std::string(1 + draw(content_max), static_cast<char>('a' + draw(26))));
        data->priority = static_cast<Level>(draw(level_count));
        if (draw(3) == 0) data->ordering_key = "o" + std::to_string(draw(3));
        if (draw(3) == 0) data->fairness_key = "f" + std::to_string(draw(3));
        if (draw(3) == 0) data->headers = {{"name", "value"}, {"other", ""}};
        if (draw(3) == 0) data->metadata = "{}";
        queue::MessagePosted posted{
            .at = {number, queue.next_seq++}, .posted_at = now_, .due_at = later(100)};
        if (draw(4) == 0) posted.expires_at = later(10'000);
        if (draw(3) == 0) take_key(queue, *data, posted);
        posted.data = std::move(data);
        queue.messages[posted.at.seq] = MessageState::ready;
        batch.emplace_back(std::move(posted));
    }
    /// A key is free again when it has ended, as in the engine; by default none ever ends.
    void take_key(Queue& queue, MessageData& data, queue::MessagePosted& posted) {
        const std::string key = "d" + std::to_string(draw(20));
        TimePoint& until = queue.keys[key];
        if (habits_.dedup != 0 && until > now_) return;
        until = habits_.dedup == 0 ? now_ + std::chrono::hours(1) : later(habits_.dedup);
        data.dedup_key = key;
        posted.dedup_until = until;
    }
    void deliver(std::vector<queue::Record>& batch, queue::Locator at, MessageState& state) {
        constexpr MessageState states[] = {
            MessageState::leased, MessageState::leased, MessageState::ready, MessageState::dead};
        state = states[draw(4)];
        queue::Delivery delivery{.state = state,
            .due_at = later(1'000),
            .attempts = static_cast<std::uint32_t>(draw(9)),
            .failures = static_cast<std::uint32_t>(draw(4))};
        if (draw_aside(2) == 0) delivery.entered_at = now_ + Duration(draw_aside(100));
        if (state == MessageState::leased)
            delivery.level = static_cast<Level>(draw_aside(level_count));
        delivery.anew = draw_aside(2) == 0;
        delivery.redriven = draw_aside(3) == 0;
        if (draw(2) == 0) delivery.history = {{now_, 1, "why"}, {now_, 2, ""}};
        if (state == MessageState::dead) delivery.dead_reason = "too many";
        batch.emplace_back(queue::DeliveryChanged{at, std::move(delivery)});
    }
    void append_output(
        std::vector<queue::Record>& batch, queue::Locator at, Queue::Output& output) {
        queue::OutputAppended appended{.at = at,
            .first = output.events,
            .attempt = static_cast<std::uint32_t>(draw(5)),
            .appended_at = now_,
            .expires_at = later(habits_.output)};
        for (std::uint64_t i = draw(4) + 1; i > 0; --i)
            appended.events.emplace_back(std::string(draw(200), 'e'));
        output = {output.events + appended.events.size(), appended.expires_at};
        batch.emplace_back(std::move(appended));
    }
    /// An output that has ended goes with its message: a restart may not tell the two moments
    /// apart.
    void pass_outputs(
        std::vector<queue::Record>& batch, queue::QueueNumber number, Queue& queue) const {
        const auto passed = std::erase_if(queue.outputs, [&](const auto& one) {
            return one.second.until <= now_ && !queue.messages.contains(one.first);
        });
        if (passed > 0) batch.emplace_back(queue::RetentionPassed{number, now_});
    }
    void move_cursor(
        std::vector<queue::Record>& batch, queue::QueueNumber number, const Queue& queue) {
        const std::string name = "s" + std::to_string(draw(3));
        if (draw(4) == 0) return void(batch.emplace_back(queue::CursorDropped{number, name}));
        batch.emplace_back(queue::CursorMoved{number, name, draw(queue.next_seq)});
    }
    void control(std::vector<queue::Record>& batch, queue::QueueNumber number) {
        if (draw_aside(3) == 0) {
            const TenantId owner("t" + std::to_string(draw_aside(3)));
            const std::uint64_t limit = draw_aside(2) * (1ULL << 53);
            return void(batch.emplace_back(queue::QuotaSet{owner, limit}));
        }
        batch.emplace_back(queue::KeyPaused{number, static_cast<KeyKind>(draw_aside(2)),
            "k" + std::to_string(draw_aside(3)), draw_aside(3) != 0});
    }
    void truncate(std::vector<queue::Record>& batch, queue::QueueNumber number, Queue& queue) {
        const std::uint64_t up_to = draw(queue.next_seq);
        queue.messages.erase(queue.messages.begin(), queue.messages.upper_bound(up_to));
        batch.emplace_back(queue::LogTruncated{{number, up_to}});
    }
    void purge(std::vector<queue::Record>& batch, queue::QueueNumber number, Queue& queue) {
        const std::uint64_t up_to = draw(queue.next_seq);
        std::erase_if(queue.messages, [&](const auto& entry) {
            return entry.first <= up_to && entry.second == MessageState::ready;
        });
        batch.emplace_back(queue::QueuePurged{{number, up_to}});
    }

    std::mt19937_64 random_;
    StoreHabits habits_;
    std::mt19937_64 aside_{7};
    TimePoint now_ = FakeClock::start;
    std::uint64_t uids_ = 0;
    std::map<queue::QueueNumber, Queue> queues_;
};

}  // namespace baton::test
