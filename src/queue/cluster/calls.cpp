#include "queue/cluster/calls.h"

#include <utility>
#include <vector>

#include <fmt/core.h>

namespace baton::queue::cluster {
namespace {

/// A leader that is no longer known may only have been unable to say that it is there.
constexpr std::chrono::milliseconds lost_patience{2'000};
/// One that hands over has answered before another leads; its answers may still be on their way.
constexpr std::chrono::milliseconds succeeded_patience{300};

Calls::Answer closed() { return fail(Errc::shutting_down, "the queues are stopping"); }

}  // namespace

std::uint64_t Calls::next_number() {
    const std::scoped_lock lock(mutex_);
    return ++next_;
}

bool Calls::add(std::uint64_t number, Partition partition, DaemonId to, Deadline deadline,
    Completion<Answer> done) {
    {
        const std::scoped_lock lock(mutex_);
        if (!is_closed_) {
            calls_.emplace(number, Call{.partition = partition,
                                       .to = std::move(to),
                                       .deadline = deadline,
                                       .done = std::move(done)});
            return true;
        }
    }
    done(closed());
    return false;
}

void Calls::finish(std::uint64_t number, Answer answer) {
    Completion<Answer> done;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = calls_.find(number);
        if (found == calls_.end()) return;
        done = std::move(found->second.done);
        calls_.erase(found);
    }
    done(std::move(answer));
}

void Calls::sweep(const Directory& directory) {
    end_some([&](Call& call) -> const char* {
        const auto leader = directory.leader(call.partition);
        const auto patience = leader.id.text.empty() ? lost_patience : succeeded_patience;
        if (leader.id == call.to) {
            call.lost = Deadline::never();
        } else if (call.lost.remaining() > patience) {
            call.lost = Deadline::after(patience);
        }
        if (directory.is_cut_off()) return "this daemon is cut off from NATS";
        if (call.deadline.expired()) return "its leader did not answer in time";
        return call.lost.expired() ? "its leader has gone" : nullptr;
    });
}

void Calls::lose(const std::function<bool(const DaemonId& to)>& is_lost, const char* why) {
    end_some([&](Call& call) { return is_lost(call.to) ? why : nullptr; });
}

void Calls::end_some(const std::function<const char*(Call&)>& reason) {
    std::vector<std::pair<Completion<Answer>, Answer>> ended;
    {
        const std::scoped_lock lock(mutex_);
        for (auto at = calls_.begin(); at != calls_.end();) {
            Call& call = at->second;
            const char* const why = reason(call);
            if (why == nullptr) {
                ++at;
                continue;
            }
            const auto text = fmt::format("partition {}: {}", call.partition, why);
            ended.emplace_back(std::move(call.done), fail(Errc::deadline_exceeded, text));
            at = calls_.erase(at);
        }
    }
    for (auto& [done, answer] : ended) done(std::move(answer));
}

void Calls::close() {
    std::unordered_map<std::uint64_t, Call> ended;
    {
        const std::scoped_lock lock(mutex_);
        is_closed_ = true;
        ended.swap(calls_);
    }
    for (auto& [number, call] : ended) call.done(closed());
}

}  // namespace baton::queue::cluster
