// Waiting for something to become true, instead of for a time.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include "runtime/deadline.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::test {

/// Resumes once `condition` holds; looks every millisecond, on the caller's executor.
/// Throws std::runtime_error when it does not hold within 20 s: the test has failed.
inline Task<void> until(std::string what, std::function<bool()> condition) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    while (!condition()) {
        if (deadline.expired()) throw std::runtime_error("did not come true: " + what);
        co_await sleep_until(Deadline::after(std::chrono::milliseconds(1)));
    }
}

}  // namespace baton::test
