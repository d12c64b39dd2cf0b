// How the engine that a StoreScript imitates is used: how fast time goes, how long things last.
#pragma once

#include <cstdint>
#include <random>

namespace baton::test {

/// Times in milliseconds; what lasts ends after one drawn by chance up to the given.
struct StoreHabits {
    std::uint64_t step = 20;      ///< between two records, less than
    std::uint64_t queues = 3;     ///< at one time
    std::uint64_t reply = 5'000;  ///< a reply lasts
    std::uint64_t output = 3'000;
    std::uint64_t dedup = 0;  ///< a key lasts; 0: always an hour, longer than any script
    /// Commits of a script, and bytes of a content.
    std::size_t records_max = 6;
    std::size_t content_max = 600;

    /// Habits of all kinds, from a seed.
    static StoreHabits any(std::uint64_t seed) {
        std::mt19937_64 random(seed ^ 0x5DEECE66D);
        const auto one_of = [&](std::initializer_list<std::uint64_t> choices) {
            return choices.begin()[random() % choices.size()];
        };
        return {.step = one_of({2, 20, 200, 2'000}),
            .queues = one_of({1, 3, 8}),
            .reply = one_of({50, 5'000, 500'000}),
            .output = one_of({50, 3'000, 30'000}),
            .dedup = one_of({0, 100, 4'000, 100'000}),
            .records_max = one_of({2, 6, 40}),
            .content_max = one_of({20, 600, 3'000})};
    }
};

}  // namespace baton::test
