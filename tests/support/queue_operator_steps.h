// Steps of an operator on engine and model at once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "support/queue_twin.h"

namespace baton::test {

/// What steps need, and those an operator takes. `dice_` decides what they do.
class QueueOperatorSteps {
public:
    QueueOperatorSteps(QueueTwin::Open open, std::uint64_t memory_budget)
        : twin_(std::move(open), memory_budget) {}

protected:
    void configure(const QueueName& name) {
        QueueModel& model = twin_.model(name);
        model.config.max_size = dice_[0] % 3 == 0 ? dice_[0] % 20 : 0;
        model.config.max_bytes = dice_[1] % 4 == 0 ? dice_[1] % 50 : 0;
        model.config.max_failures = dice_[2] % 4;
        model.config.overflow = static_cast<Overflow>(dice_[3] % 2);
        model.config.levels[dice_[3] % 4].max_concurrent = dice_[2] % 3;
        model.config.retention_period = std::chrono::seconds(dice_[3] % 5 == 0 ? 1 : 0);
        model.config.dedup_window = std::chrono::seconds(dice_[1] % 3);
        model.config.reply_ttl = std::chrono::seconds(1 + dice_[1] % 3);
        model.config.fairness_weights = {{"s1", 1 + dice_[0] % 3}};
        model.config.rates.post_per_second = dice_[2] % 5 == 0 ? 1 + dice_[3] % 20 : 0;
        model.config.rates.pop_per_second = dice_[3] % 6 == 0 ? 1 + dice_[2] % 20 : 0;
        model.config.scheduling.strategy = static_cast<Strategy>(dice_[0] % 4);
        model.config.scheduling.level_weights[dice_[1] % 4] = 1 + dice_[2] % 9;
        model.set_rates(twin_.now);
        RC_ASSERT(!must(twin_.engine().put_queue(name, model.config, twin_.next_uid(), twin_.now)));
    }
    void pause(const QueueName& name) {
        twin_.model(name).paused = !twin_.model(name).paused;
        must(twin_.engine().set_paused(name, twin_.model(name).paused));
    }
    void reschedule(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const TimePoint due = twin_.now + Duration(dice_[1] % 3 * 40) - Duration(10);
        const bool done =
            twin_.is_current(name, id) && twin_.model(name).reschedule(id.seq, due, twin_.now);
        RC_ASSERT(twin_.engine().reschedule(id, due, twin_.now).has_value() == done);
    }
    void redrive(const QueueName& name) {
        const std::size_t max = 1 + dice_[0] % 4;
        const queue::RedriveSchedule schedule{
            .start = twin_.now, .first = dice_[1] % 3, .rate_per_second = dice_[2] % 3 * 10};
        const auto expected = twin_.model(name).redrive(max, schedule, twin_.now);
        const auto done = twin_.engine().redrive({.queue = name}, 0, max, schedule, twin_.now);
        RC_ASSERT(done.has_value() == expected.has_value());
        if (done) RC_ASSERT(done->moved == *expected);
    }
    void pause_key(const QueueName& name) {
        const auto kind = static_cast<KeyKind>(dice_[0] % 2);
        const std::string key =
            (kind == KeyKind::ordering ? "o" : "s") + std::to_string(dice_[1] % 3);
        auto& keys = twin_.model(name).paused_keys;
        const bool paused = dice_[2] % 2 == 0;
        if (paused) {
            keys.emplace(kind, key);
        } else {
            keys.erase({kind, key});
        }
        must(twin_.engine().pause_key(name, {kind, key}, paused, twin_.now));
    }
    void set_quota(const QueueName&) {
        twin_.quota = dice_[0] % 3 == 0 ? 0 : dice_[0] % 60;
        must(twin_.engine().set_quota(TenantId(std::string(default_tenant)), twin_.quota));
    }

    template <class T>
    static std::pair<QueueName, T> pick(
        const std::vector<std::pair<QueueName, T>>& all, std::uint32_t die) {
        // Mostly one of the last few, sometimes one long gone.
        const std::size_t back = die % 5 == 0 ? die : die % 8;
        return all[all.size() - 1 - back % all.size()];
    }

    QueueTwin twin_;
    std::array<std::uint32_t, 4> dice_{};
    std::vector<std::pair<QueueName, MessageId>> ids_;
    std::vector<std::pair<QueueName, Receipt>> receipts_;
};

}  // namespace baton::test
