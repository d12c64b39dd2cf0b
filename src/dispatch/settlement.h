// How a run is settled: what its end means for its message in the queue and for its turn in the
// conversation store, and who hears of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "dispatch/dispatcher.h"
#include "dispatch/metrics.h"
#include "dispatch/work_item.h"
#include "model/message.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// One run of one message, for settling and for the log.
struct Run {
    MessageId id{};
    Receipt receipt{};
    Level priority = Level::normal;
    RunCount count{};  ///< as it will be if this run fails
    std::uint32_t failures_before = 0;
    bool has_turn = true;  ///< in a conversation; a chat has none
};

/// How a run ended: with an answer, an error, or without its lease.
struct RunEnd {
    std::optional<QueueReply> answer{};
    std::optional<std::uint32_t> cost{};  ///< of the answer, when this run made it
    std::optional<Error> error{};
    bool lease_lost = false;
    bool cancelled = false;    ///< somebody cancelled the message
    bool interrupted = false;  ///< the daemon stops: nobody's fault
};

/// Why a message was buried, as an error: of a run that failed its own, else `unavailable` (its
/// lease ended, nobody knows why).
[[nodiscard]] Error error_of_reason(std::string_view reason);

/// Settles runs. On one executor; the references must outlive it.
class Settlement final {
public:
    /// `draw`: from [0, 1). `check_needed`: a turn could not be finished, and the check of both
    /// stores has to be repeated.
    struct Deps {
        const DispatchConfig& config;
        queue::Queues& queues;
        conversations::DialogWriter& writer;
        const Clock& clock;
        const Log& log;
        std::function<double()> draw;
        std::function<void()> check_needed;
    };
    explicit Settlement(Deps deps) : deps_(std::move(deps)) {}

    /// Not to be cancelled. The arguments must outlive the task.
    [[nodiscard]] Task<Outcome> settle(const Run& run, const RunEnd& end);

private:
    Task<Outcome> give_back(const Run& run, const Verdict& verdict, std::string reason);
    /// The conversation was deleted while its message waited: it is as if cancelled with it.
    Task<Outcome> drop(const Run& run);
    /// `error`: what a chat's reply says.
    Task<void> finish(const Run& run, DialogStatus status, std::string reason,
        std::uint32_t retries, Error error);
    Task<void> finish_dead(const Run& run, std::string reason, std::uint32_t retries);
    /// A lost lease counts as a failure, and may have been the message's last.
    Task<void> finish_if_dead(const Run& run);
    Task<Result<void>> tell(const Run& run, QueueReply reply);
    void note(std::string_view what, const Run& run, const Error& error) const;

    Deps deps_;
};

}  // namespace baton::dispatch
