// One run of the comparison: the same phases for every system, timed and counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "system.h"

namespace baton::bench {

struct Load {
    std::size_t producers = 16;
    std::size_t consumers = 16;
    std::size_t batch = 100;
    std::size_t body_bytes = 256;
    std::uint64_t messages_max = 500'000;   ///< a phase ends after so many posts …
    std::chrono::milliseconds time{3'000};  ///< … or when this has passed
};

/// What a phase showed. Latency: of one post call until all its messages are confirmed (`post`), of
/// one take call until its messages are acknowledged (`take`), from before a message's post until a
/// consumer holds it (`cycle`).
struct Row {
    std::string phase{};
    std::uint64_t messages = 0;
    double seconds = 0;
    std::vector<std::uint32_t> micros{};
};

/// `post`: producers fill the queue. `take`: consumers empty it. `cycle`: both at once, until the
/// queue is empty again. Throws Fault when what was posted, delivered and dropped is not the same
/// set of messages, each once.
std::vector<Row> run(System& system, const Load& load);

}  // namespace baton::bench
