// A run of random commands against the engine and the model at once, with crashes at any batch boundary.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "queue/engine/engine.h"
#include "support/queue_model.h"

namespace baton::test {

/// One command, as numbers that the run makes sense of.
struct RunStep {
    std::uint32_t kind = 0;
    std::uint32_t queue = 0;
    std::array<std::uint32_t, 4> dice{};

    friend std::ostream& operator<<(std::ostream& out, const RunStep& step) {
        return out << '{' << step.kind << ',' << step.queue << ",{" << step.dice[0] << ',' << step.dice[1]
                   << ',' << step.dice[2] << ',' << step.dice[3] << "}}";
    }
};

inline rc::Gen<std::vector<RunStep>> run_steps(std::size_t count_max) {
    const auto number = rc::gen::inRange<std::uint32_t>(0, 10'000);
    const auto step = rc::gen::build<RunStep>(rc::gen::set(&RunStep::kind, number),
        rc::gen::set(&RunStep::queue, number),
        rc::gen::set(&RunStep::dice, rc::gen::container<std::array<std::uint32_t, 4>>(number)));
    return rc::gen::resize(
        static_cast<int>(count_max), rc::gen::container<std::vector<RunStep>>(step));
}

/// Queues `fsync`, `relaxed` and `memory`. `open` gives a new store over the same disk.
class QueueRun final {
public:
    using Open = std::function<std::unique_ptr<queue::Store>()>;

    QueueRun(Open open, std::uint64_t memory_budget)
        : open_(std::move(open)), memory_budget_(memory_budget) {
        start();
        for (const auto& name : names) make(QueueName(name));
        commit();
    }

    /// Runs one step and holds the engine against the model.
    void step(const RunStep& step) {
        dice_ = step.dice;
        const QueueName name(names[step.queue % names.size()]);
        using Action = void (QueueRun::*)(const QueueName&);
        static constexpr std::array<std::pair<unsigned, Action>, 16> actions{{{16, &QueueRun::post},
            {16, &QueueRun::pop}, {10, &QueueRun::ack}, {8, &QueueRun::nack}, {4, &QueueRun::extend},
            {4, &QueueRun::cancel}, {1, &QueueRun::purge}, {3, &QueueRun::reply}, {10, &QueueRun::pass_time},
            {3, &QueueRun::configure}, {1, &QueueRun::pause}, {1, &QueueRun::make_anew},
            {8, &QueueRun::commit_step}, {3, &QueueRun::crash}, {2, &QueueRun::undo},
            {4, &QueueRun::look_up}}};
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
        check_all();
    }

    /// At the end: what was committed last is what comes back, once or twice.
    void finish() {
        crash(QueueName());
        const auto once = everything();
        crash(QueueName());
        RC_ASSERT(everything() == once);
    }

private:
    static constexpr std::array<const char*, 3> names{"fsync", "relaxed", "memory"};
    using Models = std::map<std::string, QueueModel>;

    // ---- Store and engine ----

    void start() {
        store_ = open_();
        engine_ = std::make_unique<queue::Engine>(
            queue::EngineConfig{.memory_budget = memory_budget_, .run = ++runs_ * 0x9E3779B97F4A7C15});
        recover();
    }
    void recover() {
        engine_->forget_stored();
        must(store_->recover(*engine_));
        engine_->finish_recovery(now_);
        advance();
    }
    void advance() {
        while (engine_->advance(now_, 3)) {
        }
        for (auto& [name, model] : models_) model.advance(now_);
    }
    void commit() {
        const auto batch = engine_->take_batch();
        static_cast<void>(engine_->take_news());
        if (!batch.records.empty()) must(store_->commit(batch.records, batch.durability));
        committed_ = models_;
    }
    void commit_step(const QueueName&) { commit(); }

    /// kill -9 between two commits.
    void crash(const QueueName&) {
        engine_.reset();
        models_ = committed_;
        for (auto& [name, model] : models_) model.restart();
        committed_ = models_;
        store_.reset();
        start();
    }

    /// The commit is refused: what was done since the last one is undone, except in queues in memory.
    void undo(const QueueName&) {
        auto before = committed_;
        for (auto& [name, model] : before) {
            const QueueModel& now = models_[name];
            if (!model.is_stored() && now.generation == model.generation) {
                auto kept = now;
                kept.config = model.config;
                kept.paused = model.paused;
                model = kept;
            } else {
                model.restart();
            }
        }
        models_ = before;
        committed_ = models_;
        recover();
    }

    // ---- Commands ----

    void make(const QueueName& name) {
        QueueConfig config;
        config.durability = name.text == "fsync"     ? Durability::fsync
                            : name.text == "relaxed" ? Durability::relaxed
                                                     : Durability::memory;
        must(engine_->put_queue(name, config, ++uids_, now_));
        models_[name.text] = {.config = config, .generation = uids_};
    }
    void make_anew(const QueueName& name) {
        must(engine_->delete_queue(name));
        make(name);
    }

    Letter letter(std::uint32_t die) const {
        static constexpr std::array<int, 4> delays{0, 0, 0, 50};
        static constexpr std::array<int, 4> ttls{0, 0, 0, 120};
        const auto key = [](std::uint32_t choice, const char* prefix) {
            return choice < 3 ? std::string() : prefix + std::to_string(choice % 3);
        };
        return {.text = std::string(1 + die % 5, 'x'),
            .level = static_cast<Level>(die / 5 % 4),
            .order = key(die / 20 % 6, "o"),
            .share = key(die / 120 % 6, "s"),
            .dedup = key(die / 720 % 7, "d"),
            .delay = Duration(delays[die / 7 % 4]),
            .ttl = Duration(ttls[die / 11 % 4])};
    }
    void post(const QueueName& name) {
        std::vector<Letter> letters;
        for (std::uint32_t i = 0; i <= dice_[0] % 4; ++i) letters.push_back(letter(dice_[i] + i));
        const auto expected = model(name).post(letters, now_);
        const auto posted = engine_->post(name, messages_of(letters), now_);
        RC_ASSERT(posted.has_value() == expected.has_value());
        if (!posted) return;
        const auto uid = must(engine_->uid_of(name));
        for (std::size_t i = 0; i < letters.size(); ++i) {
            const PostedMessage want{{uid, (*expected)[i].seq}, (*expected)[i].duplicate};
            RC_ASSERT((*posted)[i] == want);
            ids_.emplace_back(name, want.id);
        }
    }

    void pop(const QueueName& name) {
        static constexpr std::array<int, 4> leases{1, 30, 100, 10'000};
        QueueModel& model = this->model(name);
        const std::uint32_t max = 1 + dice_[0] % 4;
        const Duration lease(leases[dice_[1] % 4]);
        std::optional<Level> level;
        if (dice_[2] % 4 == 0) level = static_cast<Level>(dice_[2] / 4 % 4);
        const auto popped = must(
            engine_->pop({.queue = name, .max = max, .lease = lease, .level = level}, now_));
        for (const auto& leased : popped) {
            const auto seq = leased.message.id.seq;
            RC_ASSERT(model.next_for_pop(level).contains(seq));
            model.lease(seq, now_ + lease);
            RC_ASSERT(leased.receipt.attempt == model.messages.at(seq).attempts);
            receipts_.emplace_back(name, leased.receipt);
        }
        RC_ASSERT(popped.size() == max || model.next_for_pop(level).empty());
    }

    void ack(const QueueName&) {
        if (receipts_.empty()) return;
        const auto& [name, receipt] = pick(receipts_, dice_[0]);
        auto* message = leased(name, receipt);
        RC_ASSERT(engine_->ack(receipt, now_).has_value() == (message != nullptr));
        if (message != nullptr) model(name).ack(receipt.message.seq);
    }
    void nack(const QueueName&) {
        if (receipts_.empty()) return;
        const auto& [name, receipt] = pick(receipts_, dice_[0]);
        const Duration delay(dice_[1] % 2 == 0 ? 0 : dice_[1] % 97);
        const auto blame = static_cast<queue::Blame>(dice_[2] % 8 == 0 ? 2 : dice_[2] % 2);
        auto* message = leased(name, receipt);
        const auto result = engine_->nack(
            {.receipt = receipt, .delay = delay, .reason = "r", .blame = blame}, now_);
        RC_ASSERT(result.has_value() == (message != nullptr));
        if (message == nullptr) return;
        RC_ASSERT(
            *result == model(name).fail_delivery(receipt.message.seq, blame, now_ + delay, now_));
    }
    void extend(const QueueName&) {
        if (receipts_.empty()) return;
        const auto& [name, receipt] = pick(receipts_, dice_[0]);
        const Duration lease(1 + dice_[1] % 200);
        auto* message = leased(name, receipt);
        RC_ASSERT(engine_->extend(receipt, lease, now_).has_value() == (message != nullptr));
        if (message != nullptr) message->due = now_ + lease;
    }
    void cancel(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const bool there = is_current(name, id) && model(name).messages.contains(id.seq);
        RC_ASSERT(engine_->cancel(id, now_).has_value() == there);
        if (there) model(name).messages.erase(id.seq);
    }
    void purge(const QueueName& name) {
        RC_ASSERT(must(engine_->purge(name, now_)) == model(name).purge());
    }
    void reply(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const bool known = is_known(name, id);
        const std::string text = std::to_string(dice_[1]);
        RC_ASSERT(engine_->reply(id, Bytes(text), "", now_).has_value() == known);
        if (!known) return;
        QueueModel& model = this->model(name);
        model.replies[id.seq] = {text, now_ + Duration(model.config.reply_ttl)};
    }
    void pass_time(const QueueName&) {
        static constexpr std::array<int, 8> jumps{1, 10, 29, 30, 50, 100, 1'500, 400'000};
        now_ += Duration(jumps[dice_[0] % jumps.size()]);
        advance();
    }
    void configure(const QueueName& name) {
        QueueModel& model = this->model(name);
        model.config.max_size = dice_[0] % 3 == 0 ? dice_[0] % 20 : 0;
        model.config.max_bytes = dice_[1] % 4 == 0 ? dice_[1] % 50 : 0;
        model.config.max_failures = dice_[2] % 4;
        model.config.overflow = static_cast<Overflow>(dice_[3] % 2);
        model.config.levels[dice_[3] % 4].max_concurrent = dice_[2] % 3;
        model.config.retention_period = std::chrono::seconds(dice_[3] % 5 == 0 ? 1 : 0);
        model.config.dedup_window = std::chrono::seconds(dice_[1] % 3);
        model.config.reply_ttl = std::chrono::seconds(1 + dice_[1] % 3);
        model.config.fairness_weights = {{"s1", 1 + dice_[0] % 3}};
        RC_ASSERT(!must(engine_->put_queue(name, model.config, ++uids_, now_)));
    }
    void pause(const QueueName& name) {
        model(name).paused = !model(name).paused;
        must(engine_->set_paused(name, model(name).paused));
    }
    void look_up(const QueueName&) {
        if (ids_.empty()) return;
        const auto& [name, id] = pick(ids_, dice_[0]);
        const auto kept = engine_->find_reply(id, now_);
        const auto got = engine_->get(id, now_);
        RC_ASSERT(kept.has_value() == is_known(name, id));
        if (!kept) return;
        const QueueModel& model = this->model(name);
        const auto reply = model.replies.find(id.seq);
        const bool answered = reply != model.replies.end() && reply->second.second > now_;
        RC_ASSERT(kept->has_value() == answered);
        if (answered && (*kept)->reply) RC_ASSERT((*kept)->reply->result.view() == reply->second.first);
        RC_ASSERT(got.has_value() == (answered || model.messages.contains(id.seq)));
    }

    // ---- Comparing ----

    void check_all() {
        for (const auto& [name, model] : models_) {
            check_messages(QueueName(name), model);
            check_stats(must(engine_->stats(QueueName(name))), model);
        }
    }
    void check_messages(const QueueName& name, const QueueModel& model) {
        const auto views = must(engine_->peek({.queue = name, .limit = 100'000}));
        RC_ASSERT(views.size() == model.messages.size());
        auto expected = model.messages.begin();
        for (const auto& view : views) {
            const auto& [seq, message] = *expected++;
            const bool is_scheduled = message.state == MessageState::scheduled;
            RC_ASSERT(view.id.seq == seq);
            RC_ASSERT(view.state == message.state);
            RC_ASSERT(view.level == message.letter.level);
            RC_ASSERT(view.posted_at == message.posted);
            RC_ASSERT(view.due_at == (is_scheduled ? message.due : message.entered));
            RC_ASSERT(view.expires_at.value_or(TimePoint::max()) == message.expires);
            RC_ASSERT(view.attempts == message.attempts);
            RC_ASSERT(view.failures == message.failures);
            RC_ASSERT(view.lease_expires_at.has_value() == (message.state == MessageState::leased));
            if (view.lease_expires_at) RC_ASSERT(*view.lease_expires_at == message.due);
        }
    }
    static void check_stats(const QueueStats& stats, const QueueModel& model) {
        std::uint64_t bytes = 0;
        for (const auto& [seq, message] : model.messages) bytes += message.letter.text.size();
        RC_ASSERT(stats.ready == model.count(MessageState::ready));
        RC_ASSERT(stats.scheduled == model.count(MessageState::scheduled));
        RC_ASSERT(stats.leased == model.count(MessageState::leased));
        RC_ASSERT(stats.dead == model.count(MessageState::dead));
        RC_ASSERT(stats.message_count == stats.ready + stats.scheduled + stats.leased);
        RC_ASSERT(stats.used_storage == bytes);
        RC_ASSERT(stats.posted_total == model.posted_total);
        RC_ASSERT(stats.acked_total == model.acked_total);
        RC_ASSERT(stats.expired_total == model.expired_total);
        RC_ASSERT(stats.paused == model.paused);
    }
    /// Of stored queues: every message as it can be seen, and whether the store has its content.
    std::vector<std::tuple<MessageId, MessageState, std::uint32_t, std::uint32_t, std::string>>
    everything() {
        std::vector<std::tuple<MessageId, MessageState, std::uint32_t, std::uint32_t, std::string>> all;
        for (const auto& [name, model] : models_) {
            for (const auto& view : must(engine_->peek({.queue = QueueName(name), .limit = 100'000}))) {
                const std::array<queue::Locator, 1> at{must(engine_->locate(view.id))};
                const auto data = must(store_->read(at)).at(0);
                RC_ASSERT(data != nullptr);
                RC_ASSERT(data->content.size() == model.messages.at(view.id.seq).letter.text.size());
                all.emplace_back(view.id, view.state, view.attempts, view.failures, view.dead_reason);
            }
        }
        return all;
    }

    QueueModel& model(const QueueName& name) { return models_.at(name.text); }
    template <class T>
    static std::pair<QueueName, T> pick(const std::vector<std::pair<QueueName, T>>& all, std::uint32_t die) {
        // Mostly one of the last few, sometimes one long gone.
        const std::size_t back = die % 5 == 0 ? die : die % 8;
        return all[all.size() - 1 - back % all.size()];
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

    Open open_;
    std::uint64_t memory_budget_;
    std::uint64_t runs_ = 0;
    std::uint64_t uids_ = 0;
    TimePoint now_ = FakeClock::start;
    std::array<std::uint32_t, 4> dice_{};
    std::unique_ptr<queue::Store> store_;
    std::unique_ptr<queue::Engine> engine_;
    Models models_;
    Models committed_;
    std::vector<std::pair<QueueName, MessageId>> ids_;
    std::vector<std::pair<QueueName, Receipt>> receipts_;
};

}  // namespace baton::test
