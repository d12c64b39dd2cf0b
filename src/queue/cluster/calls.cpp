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
    std::vector<std::pair<Completion<Answer>, Answer>> ended;
    {
        const std::scoped_lock lock(mutex_);
        for (auto call = calls_.begin(); call != calls_.end();) {
            auto& [partition, to, deadline, lost, done] = call->second;
            const auto leader = directory.leader(partition);
            const auto patience = leader.id.text.empty() ? lost_patience : succeeded_patience;
            if (leader.id == to) {
                lost = Deadline::never();
            } else if (lost.remaining() > patience) {
                lost = Deadline::after(patience);
            }
            const char* why = nullptr;
            if (directory.is_cut_off()) {
                why = "this daemon is cut off from NATS";
            } else if (deadline.expired()) {
                why = "its leader did not answer in time";
            } else if (lost.expired()) {
                why = "its leader has gone";
            }
            if (why == nullptr) {
                ++call;
                continue;
            }
            const auto text = fmt::format("partition {}: {}", partition, why);
            ended.emplace_back(std::move(done), fail(Errc::deadline_exceeded, text));
            call = calls_.erase(call);
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
