// Parked commands: who waits for a message or a reply, in the order they came.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "queue/engine/commit_pipeline.h"

namespace baton::queue {

/// Used on the pipeline's thread only. Entries of the lists are hints: a command that has left is skipped.
class Waits {
public:
    struct Parked {
        std::unique_ptr<Command> command;
        std::uint64_t ticket = 0;
    };

    [[nodiscard]] std::size_t size() const noexcept { return parked_.size(); }

    void park(Parked parked, const Command::Wait& wait) {
        const std::uint64_t ticket = parked.ticket;
        if (!wait.deadline.is_never()) deadlines_.emplace(wait.deadline, ticket);
        if (wait.reply_to) {
            replies_[*wait.reply_to].push_back(ticket);
        } else {
            pops_[wait.queue_uid][filter_of(wait.level)].push_back(ticket);
        }
        parked_.emplace(ticket, std::move(parked.command));
    }

    /// Takes a command out; null when it has left.
    [[nodiscard]] std::unique_ptr<Command> take(std::uint64_t ticket) {
        const auto found = parked_.find(ticket);
        if (found == parked_.end()) return nullptr;
        auto command = std::move(found->second);
        parked_.erase(found);
        return command;
    }

    [[nodiscard]] std::vector<std::unique_ptr<Command>> take_all() {
        std::vector<std::unique_ptr<Command>> all;
        for (auto& [ticket, command] : parked_) all.push_back(std::move(command));
        parked_.clear();
        pops_.clear();
        replies_.clear();
        deadlines_.clear();
        return all;
    }

    /// Runs `retry(command)` for pops on the queue, for each filter in order of arrival, until one of the filter
    /// stays without an answer (returns false). Those with an answer are handed to `done`.
    template <class Retry, class Done>
    void serve_pops(std::uint64_t queue_uid, const Retry& retry, const Done& done) {
        const auto found = pops_.find(queue_uid);
        if (found == pops_.end()) return;
        bool any = false;
        for (auto& line : found->second) {
            while (!line.empty()) {
                const auto entry = parked_.find(line.front());
                if (entry == parked_.end()) {
                    line.pop_front();
                    continue;
                }
                if (!retry(*entry->second)) break;
                done(std::move(entry->second));
                parked_.erase(entry);
                line.pop_front();
            }
            any |= !line.empty();
        }
        if (!any) pops_.erase(found);
    }

    template <class Retry, class Done>
    void serve_replies(const MessageId& message, const Retry& retry, const Done& done) {
        const auto found = replies_.find(message);
        if (found == replies_.end()) return;
        for (const auto ticket : found->second) {
            const auto entry = parked_.find(ticket);
            if (entry == parked_.end() || !retry(*entry->second)) continue;
            done(std::move(entry->second));
            parked_.erase(entry);
        }
        replies_.erase(found);
    }

    /// The first deadline of a command that still waits.
    [[nodiscard]] Deadline next_deadline() {
        while (!deadlines_.empty() && !parked_.contains(deadlines_.begin()->second)) {
            deadlines_.erase(deadlines_.begin());
        }
        return deadlines_.empty() ? Deadline::never() : deadlines_.begin()->first;
    }

    /// Takes a command whose deadline has passed; null when there is none.
    [[nodiscard]] std::unique_ptr<Command> take_expired() {
        while (!deadlines_.empty() && deadlines_.begin()->first.expired()) {
            const std::uint64_t ticket = deadlines_.begin()->second;
            deadlines_.erase(deadlines_.begin());
            if (auto command = take(ticket)) return command;
        }
        return nullptr;
    }

private:
    static std::size_t filter_of(std::optional<Level> level) noexcept {
        return level ? static_cast<std::size_t>(*level) + 1 : 0;
    }

    std::unordered_map<std::uint64_t, std::unique_ptr<Command>> parked_;
    std::unordered_map<std::uint64_t, std::array<std::deque<std::uint64_t>, level_count + 1>> pops_;
    std::map<MessageId, std::vector<std::uint64_t>> replies_;
    std::multimap<Deadline, std::uint64_t> deadlines_;
};

}  // namespace baton::queue
