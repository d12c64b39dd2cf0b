// The dispatcher takes messages from the LLM queue, runs agents and chats, and settles what it
// took.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "agents/agent.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "conversations/conversations.h"
#include "llm/pool.h"
#include "queue/queues.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::dispatch {

struct DispatchConfig {
    std::uint32_t workers = 16;  ///< runs at a time at most, 1..4,096
    /// Runs at a time at least, 1..workers: how many it is in between follows refusals and latency
    /// (adaptive_limit.h).
    std::uint32_t workers_min = 1;
    Duration latency_target{0};  ///< a run that takes longer makes it fewer; 0: none does
    std::uint32_t max_retries =
        3;                     ///< failed runs after the first before a message is dead, 0..1,000
    Duration timeout{30'000};  ///< one run of an agent
    Duration chat_timeout{600'000};  ///< one chat
    Duration lease{30'000};          ///< renewed at half its time while a run is under way
    Backoff retry{};                 ///< between failed runs
    /// No other dispatcher takes from the queue: leases that are there at the start are of dead
    /// workers. Of several each leaves them to their end, because the others' runs are under way.
    bool is_only_one = true;
};

/// How often a message was tried: `attempts` deliveries, `failures` failed runs, this one included
/// in both.
struct RunCount {
    std::uint32_t attempts = 1;
    std::uint32_t failures = 1;
};

/// What to do with a run that failed.
struct Verdict {
    enum class Action : std::uint8_t { retry, retry_without_blame, bury } action = Action::retry;
    Duration delay{0};
    bool operator==(const Verdict&) const = default;
};

/// How the queue counts it.
[[nodiscard]] queue::Blame blame_of(const Verdict& verdict) noexcept;

/// No wait that a provider asks for is longer; after it the endpoint is asked again.
inline constexpr Duration retry_after_max = std::chrono::hours(1);

/// Pure. `random` from [0, 1).
/// - provider_rate_limited, a store that is full or has stopped, an overload: not the message's
/// fault, tried
///   again without end.
/// - run_waiting: nobody's fault either; comes back after retry_after.
/// - what is not retryable, or has failed more than `max_retries` times: buried.
/// - the rest: tried again, and counted.
/// Delays back off and are never shorter than the error's retry_after (up to `retry_after_max`,
/// spread upwards so that those who waited together do not come back together).
[[nodiscard]] Verdict judge(
    const Error& error, RunCount count, const DispatchConfig& config, double random) noexcept;

/// Lives on the executor it was made with; all calls happen there, `running` from anywhere.
/// `start` once, `stop` once; `stop` must have returned before destruction.
class Dispatcher {
public:
    virtual ~Dispatcher() = default;

    /// If it is the only one, takes back the leases of workers that died with an earlier daemon
    /// (see orphans.h). Then begins to take messages, and beside that starts the check that brings
    /// queue and conversation store together after a crash: turns missing from the store are added,
    /// those whose queue message is dead or gone are finished. The check is safe while messages
    /// come and go, and repeated until it has succeeded. Fails: queue_not_found when there is no
    /// LLM queue.
    [[nodiscard]] virtual Task<Result<void>> start() = 0;

    /// Takes no more messages; runs under way finish until the deadline, the rest is cancelled and
    /// given back to the queue without blame.
    [[nodiscard]] virtual Task<void> stop(Deadline deadline) = 0;

    /// Runs under way.
    [[nodiscard]] virtual std::uint32_t running() const = 0;
};

/// What a dispatcher works with; all must outlive it.
struct DispatchDeps {
    queue::Queues& queues;
    agents::Runtime& runtime;
    conversations::Conversations& conversations;
    conversations::DialogWriter& writer;
    const Clock& clock;
    /// Answers chats, and says when models may be asked. Null: chats fail with `unsupported`.
    llm::Pool* pool = nullptr;
};

[[nodiscard]] std::unique_ptr<Dispatcher> make_dispatcher(Executor executor, DispatchConfig config,
    const DispatchDeps& deps, MetricRegistry& metrics, Log log);

}  // namespace baton::dispatch
