#include "queue/remote/retry.h"

#include <string>
#include <utility>

namespace baton::queue::remote {
namespace {

Verdict unexecuted(Error error) { return {.step = NextStep::again, .error = std::move(error)}; }
Verdict unknown(Repeat repeat, const Error& error) {
    const bool again = repeat == Repeat::harmless;
    return {.step = again ? NextStep::again : NextStep::give_up,
        .error = again ? error : outcome_unknown(error),
        .is_unknown = true};
}
Verdict final_error(Error error) { return {.step = NextStep::give_up, .error = std::move(error)}; }

Verdict judge_transport(Repeat repeat, const Error& error) {
    switch (error.code) {
        case Errc::unavailable:
        case Errc::queue_unavailable: return unexecuted(error);
        case Errc::payload_too_large:
        case Errc::shutting_down:
        case Errc::cancelled: return final_error(error);
        default: return unknown(repeat, error);
    }
}

Verdict judge_server(Repeat repeat, const Error& error, bool was_looked_at) {
    const bool is_half_done = repeat == Repeat::unsent && was_looked_at;
    switch (error.code) {
        // A server that refuses everything, or whose store refused the batch: nothing was done.
        case Errc::unavailable:
        case Errc::shutting_down: return is_half_done ? final_error(error) : unexecuted(error);
        // Its store has stopped: the next server finds out what is in it.
        case Errc::storage_io:
        case Errc::deadline_exceeded: return unknown(repeat, error);
        default: return final_error(error);
    }
}

}  // namespace

Error outcome_unknown(const Error& cause) {
    return {.code = Errc::deadline_exceeded,
        .detail = "whether it was done is not known: " + cause.detail};
}

Verdict judge(Repeat repeat, const Result<Bytes>& attempt) {
    if (!attempt) return judge_transport(repeat, attempt.error());
    const auto said = error_of_answer(attempt->view());
    if (said) return {};
    return judge_server(repeat, said.error(), !is_refusal(attempt->view()));
}

}  // namespace baton::queue::remote
