#include "agents/tools/waker.h"

#include <algorithm>

#include <boost/system/system_error.hpp>

#include "runtime/event.h"

namespace baton::agents {
namespace {

// The reply may be there before the run that asked has given its message back.
constexpr int tries_max = 500;
constexpr Duration between_tries{10};

}  // namespace

void Waker::wake_after(const ToolWait& wait, MessageId resting) {
    const Known known{wait.message, resting};
    if (known_.size() >= waits_max || !known_.insert(known).second) return;
    const bool spawned = waits_.spawn([this, wait, resting] { return wake(wait, resting); });
    if (!spawned) known_.erase(known);
}

Task<void> Waker::wake(ToolWait wait, MessageId resting) {
    try {
        const auto left = std::chrono::duration_cast<Duration>(wait.until - clock_.now());
        const Deadline deadline = Deadline::after(std::max(left, Duration(0)));
        const auto reply = co_await producer_.wait_reply(wait.message, deadline);
        // From here on a run that rests again is a new matter.
        known_.erase({wait.message, resting});
        if (!reply) co_return;
        for (int i = 0; i < tries_max; ++i) {
            const auto woken = co_await producer_.reschedule(resting, clock_.now());
            if (woken || woken.error().code != Errc::conflict) co_return;
            co_await sleep_until(Deadline::after(between_tries));
        }
    } catch (const boost::system::system_error&) {
        known_.erase({wait.message, resting});  // stopped
    }
}

}  // namespace baton::agents
