// The commands of Outputs.
#pragma once

#include <cstdint>
#include <vector>

#include "queue/outputs.h"
#include "queue/remote/command_codec.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {

struct AppendOutput {
    static constexpr auto type = CommandType::append_output;
    using Answer = std::uint64_t;
    Receipt receipt{};
    std::vector<Bytes> events{};
};
struct ReadOutput {
    static constexpr auto type = CommandType::read_output;
    using Answer = OutputPage;
    MessageId message{};
    std::uint64_t from = 0;
    std::uint32_t max = 1'000;
    Duration wait{0};
};

template <class A>
void fields(A& a, Ref<A, AppendOutput> v) {
    each(a, v.receipt, v.events);
}
template <class A>
void fields(A& a, Ref<A, ReadOutput> v) {
    each(a, v.message, v.from, v.max, v.wait);
}

}  // namespace baton::queue::remote
