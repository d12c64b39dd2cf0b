// Parked commands: who waits for a message, a reply or output, in the order they came.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "queue/engine/commit_pipeline.h"

namespace baton::queue {

/// Used on the pipeline's thread only. A command that leaves leaves nothing behind. Tickets ascend,
/// so they give the order of arrival.
class Waits {
public:
    [[nodiscard]] std::size_t size() const noexcept { return parked_.size(); }

    void park(std::uint64_t ticket, std::unique_ptr<Command> command, const Command::Wait& wait) {
        if (!wait.deadline.is_never()) deadlines_.emplace(wait.deadline, ticket);
        if (wait.reply_to) {
            replies_.emplace(*wait.reply_to, ticket);
        } else if (wait.output_of) {
            outputs_.emplace(*wait.output_of, ticket);
        } else {
            pops_.emplace(wait.queue_uid, filter_of(wait), ticket);
        }
        parked_.emplace(ticket, Parked{std::move(command), wait});
    }

    /// Takes a command out; null when it has left.
    [[nodiscard]] std::unique_ptr<Command> take(std::uint64_t ticket) {
        auto parked = parked_.extract(ticket);
        if (!parked) return nullptr;
        auto& [command, wait] = parked.mapped();
        deadlines_.erase({wait.deadline, ticket});
        if (wait.reply_to) {
            replies_.erase({*wait.reply_to, ticket});
        } else if (wait.output_of) {
            outputs_.erase({*wait.output_of, ticket});
        } else {
            pops_.erase({wait.queue_uid, filter_of(wait), ticket});
        }
        return std::move(command);
    }

    [[nodiscard]] std::vector<std::unique_ptr<Command>> take_all() {
        std::vector<std::unique_ptr<Command>> all;
        for (auto& [ticket, parked] : parked_) all.push_back(std::move(parked.command));
        parked_.clear();
        pops_.clear();
        replies_.clear();
        outputs_.clear();
        deadlines_.clear();
        return all;
    }

    /// Runs `retry(command)` for pops on the queue, for each filter in order of arrival, until one
    /// of the filter still waits (returns what for). Those with an answer are handed to `done`.
    template <class Retry, class Done>
    void serve_pops(std::uint64_t queue_uid, const Retry& retry, const Done& done) {
        for (std::size_t filter = 0; filter <= level_count; ++filter) {
            while (true) {
                const auto first = pops_.lower_bound({queue_uid, filter, 0});
                if (first == pops_.end() || std::get<0>(*first) != queue_uid ||
                    std::get<1>(*first) != filter) {
                    break;
                }
                const std::uint64_t ticket = std::get<2>(*first);
                const auto still = retry(*parked_.at(ticket).command);
                if (still && still->queue_uid == queue_uid) break;
                auto command = take(ticket);
                if (still) {
                    park(ticket, std::move(command),
                        *still);  // the queue's name leads to another one by now
                } else {
                    done(std::move(command));
                }
            }
        }
    }

    /// The same for waits for the replies to messages from `first` to `last`, each of them.
    template <class Retry, class Done>
    void serve_replies(
        const MessageId& first, const MessageId& last, const Retry& retry, const Done& done) {
        serve_range(replies_, first, last, retry, done);
    }
    /// The same for waits for their output.
    template <class Retry, class Done>
    void serve_outputs(
        const MessageId& first, const MessageId& last, const Retry& retry, const Done& done) {
        serve_range(outputs_, first, last, retry, done);
    }

    /// Runs `retry` for every fetch that waits on a log.
    template <class Retry, class Done>
    void serve_fetches(std::uint64_t queue_uid, const Retry& retry, const Done& done) {
        auto next = pops_.lower_bound({queue_uid, fetch_filter, 0});
        while (next != pops_.end() && std::get<0>(*next) == queue_uid &&
               std::get<1>(*next) == fetch_filter) {
            const std::uint64_t ticket = std::get<2>(*next);
            ++next;
            const auto still = retry(*parked_.at(ticket).command);
            if (still && still->queue_uid == queue_uid) continue;
            auto command = take(ticket);
            if (still) {
                park(ticket, std::move(command), *still);  // on the queue that has the name by now
            } else {
                done(std::move(command));
            }
        }
    }

    /// The first deadline of a command that waits.
    [[nodiscard]] Deadline next_deadline() const {
        return deadlines_.empty() ? Deadline::never() : deadlines_.begin()->first;
    }

    /// Takes a command whose deadline has passed; null when there is none.
    [[nodiscard]] std::unique_ptr<Command> take_expired() {
        return next_deadline().expired() ? take(deadlines_.begin()->second) : nullptr;
    }

private:
    struct Parked {
        std::unique_ptr<Command> command;
        Command::Wait wait;
    };

    using ByMessage = std::set<std::pair<MessageId, std::uint64_t>>;

    template <class Retry, class Done>
    void serve_range(const ByMessage& waits, const MessageId& first, const MessageId& last,
        const Retry& retry, const Done& done) {
        auto next = waits.lower_bound({first, 0});
        while (next != waits.end() && next->first <= last) {
            const std::uint64_t ticket = next->second;
            ++next;
            if (!retry(*parked_.at(ticket).command)) done(take(ticket));
        }
    }

    static constexpr std::size_t fetch_filter = level_count + 1;
    static std::size_t filter_of(const Command::Wait& wait) noexcept {
        if (wait.in_log) return fetch_filter;
        return wait.level ? static_cast<std::size_t>(*wait.level) + 1 : 0;
    }

    std::unordered_map<std::uint64_t, Parked> parked_;
    std::set<std::tuple<std::uint64_t, std::size_t, std::uint64_t>>
        pops_;  ///< queue, filter, ticket
    ByMessage replies_;
    ByMessage outputs_;
    std::set<std::pair<Deadline, std::uint64_t>> deadlines_;
};

}  // namespace baton::queue
