// Both clocks at one moment.
#pragma once

#include "base/clock.h"

namespace baton::llm {

struct Now {
    SteadyTime steady{};
    TimePoint wall{};
};

}  // namespace baton::llm
