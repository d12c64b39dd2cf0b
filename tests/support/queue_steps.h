// Random commands for queues, as plain numbers, so that RapidCheck can shrink and print them.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include "support/queue_letters.h"

namespace baton::test {

/// One command, as numbers that the run makes sense of.
struct RunStep {
    std::uint32_t kind = 0;
    std::uint32_t queue = 0;
    std::array<std::uint32_t, 4> dice{};

    friend std::ostream& operator<<(std::ostream& out, const RunStep& step) {
        return out << '{' << step.kind << ',' << step.queue << ",{" << step.dice[0] << ','
                   << step.dice[1] << ',' << step.dice[2] << ',' << step.dice[3] << "}}";
    }
};

inline rc::Gen<std::vector<RunStep>> run_steps(std::size_t count_max) {
    const auto number = rc::gen::inRange<std::uint32_t>(0, 10'000);
    const auto step = rc::gen::build<RunStep>(rc::gen::set(&RunStep::kind, number),
        rc::gen::set(&RunStep::queue, number),
        rc::gen::set(&RunStep::dice, rc::gen::container<std::array<std::uint32_t, 4>>(number)));
    return rc::gen::resize(
        static_cast<int>(count_max), rc::gen::container<std::vector<RunStep>>(step));
}

/// A message out of one number.
inline Letter letter_of(std::uint32_t die) {
    static constexpr std::array<int, 4> delays{0, 0, 0, 50};
    static constexpr std::array<int, 4> ttls{0, 0, 0, 120};
    const auto key = [](std::uint32_t choice, const char* prefix) {
        return choice < 3 ? std::string() : prefix + std::to_string(choice % 3);
    };
    return {.text = std::string(1 + die % 5, 'x'),
        .level = static_cast<Level>(die / 5 % 4),
        .order = key(die / 20 % 6, "o"),
        .share = key(die / 120 % 6, "s"),
        .dedup = key(die / 720 % 7, "d"),
        .delay = Duration(delays[die / 7 % 4]),
        .ttl = Duration(ttls[die / 11 % 4])};
}

}  // namespace baton::test
