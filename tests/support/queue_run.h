// A run of random commands on engine and model at once, with crashes at any batch boundary.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "support/queue_operator_steps.h"
#include "support/queue_steps.h"

namespace baton::test {

/// Takes steps with a twin.
class QueueRun final : private QueueOperatorSteps {
public:
    using QueueOperatorSteps::QueueOperatorSteps;

    /// Runs one step and holds the engine against the model.
    void step(const RunStep& step) {
        dice_ = step.dice;
        const QueueName name(QueueTwin::names[step.queue % QueueTwin::names.size()]);
        using Action = void (QueueRun::*)(const QueueName&);
        static constexpr std::array<std::pair<unsigned, Action>, 20> actions{
            {{16, &QueueRun::post}, {16, &QueueRun::pop}, {10, &QueueRun::ack},
                {8, &QueueRun::nack}, {4, &QueueRun::extend}, {4, &QueueRun::cancel},
                {1, &QueueRun::purge}, {3, &QueueRun::reply}, {10, &QueueRun::pass_time},
                {3, &QueueRun::configure}, {1, &QueueRun::pause}, {1, &QueueRun::make_anew},
                {8, &QueueRun::commit}, {3, &QueueRun::crash}, {2, &QueueRun::undo},
                {4, &QueueRun::look_up}, {4, &QueueRun::reschedule}, {3, &QueueRun::redrive},
                {3, &QueueRun::pause_key}, {1, &QueueRun::set_quota}}};
        unsigned total = 0;
        for (const auto& [weight, action] : actions) total += weight;
        unsigned chosen = step.kind % total;
        for (const auto& [weight, action] : actions) {
            if (chosen < weight) {
                (this->*action)(name);
                break;
            }
            chosen -= weight;
        }
        twin_.check_all();
    }

    /// At the end: what was committed last is what comes back, once or twice.
    void finish() {
        twin_.crash();
        const auto once = twin_.everything();
        twin_.crash();
        RC_ASSERT(twin_.everything() == once);
    }

private:
    void commit(const QueueName&) { twin_.commit(); }
    void crash(const QueueName&) { twin_.crash(); }
    void undo(const QueueName&) { twin_.undo(); }

    void make_anew(const QueueName& name) {
        must(twin_.engine().delete_queue(name));
        twin_.make(name);
    }

    void post(const QueueName& name) {
        std::vector<Letter> letters;
        const std::uint32_t count = 1 + dice_[0] % 4;
        for (std::uint32_t i = 0; i < count; ++i) letters.push_back(letter_of(dice_[i] + i));
        const auto expected = twin_.model(name).post(letters, twin_.bytes_max(name), twin_.now);
        const auto posted = twin_.engine().post(name, messages_of(letters), twin_.now);
        RC_ASSERT(posted.has_value() == expected.has_value());
        if (!posted) return;
        const auto uid = must(twin_.engine().uid_of(name));
        for (std::size_t i = 0; i < letters.size(); ++i) {
            const PostedMessage want{{uid, (*expected)[i].seq}, (*expected)[i].duplicate};
            RC_ASSERT(posted->messages[i] == want);
            ids_.emplace_back(name, want.id);
        }
    }

    void pop(const QueueName& name) {
        static constexpr std::array<int, 4> leases{1, 30, 100, 10'000};
        QueueModel& model = twin_.model(name);
        std::uint32_t max = 1 + dice_[0] % 4;
        if (model.pop_rate.is_limited()) {
            max = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(max, model.pop_rate.available(twin_.now)));
        }
        const Duration lease(leases[dice_[1] % 4]);
        std::optional<Level> level;
        if (dice_[2] % 4 == 0) level = static_cast<Level>(dice_[2] / 4 % 4);
        const auto popped = must(twin_.engine().pop(
            {.queue = name, .max = 1 + dice_[0] % 4, .lease = lease, .level = level}, twin_.now));
        for (const auto& leased : popped) {
            const auto seq = leased.message.id.seq;
            RC_ASSERT(model.next_for_pop(level).contains(seq));
            model.lease(seq, twin_.now + lease);
            RC_ASSERT(leased.receipt.attempt == model.messages.at(seq).attempts);
            receipts_.emplace_back(name, leased.receipt);
        }
        model.pop_rate.take(popped.size(), twin_.now);
        RC_ASSERT(popped.size() == max || model.next_for_pop(level).empty());
    }

    void ack(const QueueName&) {
        if (receipts_.empty()) return;
        const auto& [name, receipt] = pick(receipts_, dice_[0]);
        auto* message = twin_.leased(name, receipt);
        RC_ASSERT(twin_.engine().ack(receipt, twin_.now).has_value() == (message != nullptr));
        if (message != nullptr) twin_.model(name).ack(receipt.message.seq);
    }
    void nack(const QueueName&) {
        if (receipts_.empty()) return;
        const auto& [name, receipt] = pick(receipts_, dice_[0]);
        const Duration delay(dice_[1] % 2 == 0 ? 0 : dice_[1] % 97);
        const auto blame = static_cast<queue::Blame>(dice_[2] % 8 == 0 ? 2 : dice_[2] % 2);
        auto* message = twin_.leased(name, receipt);
        const auto result = twin_.engine().nack(
            {.receipt = receipt, .delay = delay, .reason = "r", .blame = blame}, twin_.now);
        RC_ASSERT(result.has_value() == (message != nullptr));
        if (message == nullptr) return;
        RC_ASSERT(*result == twin_.model(name).fail_delivery(
                                 receipt.message.seq, blame, twin_.now + delay, twin_.now));
    }
    void extend(const QueueName&) {
        if (receipts_.empty()) return;
        const auto& [name, receipt] = pick(receipts_, dice_[0]);
        const Duration lease(1 + dice_[1] % 200);
        auto* message = twin_.leased(name, receipt);
        RC_ASSERT(
            twin_.engine().extend(receipt, lease, twin_.now).has_value() == (message != nullptr));
        if (message != nullptr) message->due = twin_.now + lease;
    }
    void cancel(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const bool there =
            twin_.is_current(name, id) && twin_.model(name).messages.contains(id.seq);
        RC_ASSERT(twin_.engine().cancel(id, twin_.now).has_value() == there);
        if (there) twin_.model(name).messages.erase(id.seq);
    }
    void purge(const QueueName& name) {
        RC_ASSERT(must(twin_.engine().purge(name, twin_.now)) == twin_.model(name).purge());
    }
    void reply(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const bool known = twin_.is_known(name, id);
        const std::string text = std::to_string(dice_[1]);
        const auto used = twin_.kept().used;
        const auto replied = twin_.engine().reply(id, Bytes(text), "", twin_.now);
        if (!known) {
            RC_ASSERT(!replied);
            return;
        }
        QueueModel& model = twin_.model(name);
        if (model.is_stored() && twin_.quota != 0) {
            // An old one that has ended may be gone or not.
            const auto old = model.replies.find(id.seq);
            const bool counts = old != model.replies.end() && old->second.second > twin_.now;
            const auto old_size = old == model.replies.end() ? 0 : old->second.first.size();
            if (!replied) RC_ASSERT(used + text.size() - (counts ? old_size : 0) > twin_.quota);
            if (replied) RC_ASSERT(used + text.size() <= twin_.quota + old_size);
        } else {
            RC_ASSERT(replied.has_value());
        }
        if (!replied) return;
        model.replies[id.seq] = {text, twin_.now + Duration(model.config.reply_ttl)};
    }
    void pass_time(const QueueName&) {
        static constexpr std::array<int, 8> jumps{1, 10, 29, 30, 50, 100, 1'500, 400'000};
        twin_.now += Duration(jumps[dice_[0] % jumps.size()]);
        twin_.advance();
    }
    void look_up(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const auto kept = twin_.engine().find_reply(id, twin_.now);
        const auto got = twin_.engine().get(id, twin_.now);
        RC_ASSERT(kept.has_value() == twin_.is_known(name, id));
        if (!kept) return;
        const QueueModel& model = twin_.model(name);
        const auto reply = model.replies.find(id.seq);
        const bool answered = reply != model.replies.end() && reply->second.second > twin_.now;
        RC_ASSERT(kept->has_value() == answered);
        if (answered && (*kept)->reply)
            RC_ASSERT((*kept)->reply->result.view() == reply->second.first);
        RC_ASSERT(got.has_value() == (answered || model.messages.contains(id.seq)));
    }
};

}  // namespace baton::test
