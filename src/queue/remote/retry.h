// What to do after an attempt, as a pure function.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "queue/remote/command_table.h"

namespace baton::queue::remote {

enum class NextStep : std::uint8_t {
    take,     ///< the answer has a value
    give_up,  ///< `error` is final
    again,    ///< send it again
};

struct Verdict {
    NextStep step = NextStep::take;
    Error error{};            ///< of this attempt; not of `take`
    bool is_unknown = false;  ///< it may have been executed
};

/// `attempt`: what the transport gave back: an answer of a server, or its own failure.
[[nodiscard]] Verdict judge(Repeat repeat, const Result<Bytes>& attempt);

/// The error of a call of which nobody knows whether it was executed.
[[nodiscard]] Error outcome_unknown(const Error& cause);

}  // namespace baton::queue::remote
