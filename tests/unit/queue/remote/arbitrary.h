// Any value that travels, by the same description that writes and reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <rapidcheck.h>

#include "queue/remote/command_table.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

/// An archive that reads what RapidCheck draws.
struct Arbitrary {
    static constexpr bool reads = true;
    std::uint64_t number() { return *rc::gen::arbitrary<std::uint64_t>(); }
    std::uint64_t fixed() { return *rc::gen::arbitrary<std::uint64_t>(); }
    std::string_view text() {
        last_text = *rc::gen::arbitrary<std::string>();
        return last_text;
    }
    std::uint64_t number_to(std::uint64_t max) {
        const auto drawn = number() >> *rc::gen::inRange(0, 64);
        return drawn <= max ? drawn : drawn % (max + 1);
    }
    std::size_t count(std::size_t max) { return *rc::gen::inRange<std::size_t>(0, 4) % (max + 1); }
    void fail() {}
    [[nodiscard]] bool ok() const { return true; }

    std::string last_text;
};

template <class T>
T arbitrary() {
    Arbitrary archive;
    T value;
    Wire<T>::run(archive, value);
    return value;
}

}  // namespace baton::queue::remote
