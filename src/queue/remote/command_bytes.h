// The codec of one command, for the files that make it (BATON_COMMAND) out of the command's fields.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "queue/remote/command_codec.h"
#include "queue/remote/wire_compound.h"

namespace baton::queue::remote {

/// The values as bytes behind `head`, which writes what comes first: counted, then written.
template <class... T>
[[nodiscard]] Bytes to_bytes(const T&... values) {
    Sizer sizer;
    each(sizer, values...);
    std::string bytes;
    // The size that g++ 12 hands over is that of the room it made.
    bytes.resize_and_overwrite(sizer.size, [&](char* at, std::size_t) {
        Writer writer{ByteWriter(at)};
        each(writer, values...);
        return sizer.size;
    });
    return Bytes(std::move(bytes));
}

/// What stands in front of a request and of an answer.
struct Front {
    std::uint8_t version = format_version;
    std::uint8_t type = 0;
};
template <class A>
void fields(A& a, Ref<A, Front> v) {
    each(a, v.version, v.type);
}
template <class A>
void fields(A& a, Ref<A, RequestId> v) {
    if constexpr (A::reads) {
        v.client = a.fixed();
        v.number = a.fixed();
    } else {
        a.fixed(v.client);
        a.fixed(v.number);
    }
}

[[nodiscard]] constexpr Front front_of(CommandType type) noexcept {
    return {.type = static_cast<std::uint8_t>(type)};
}

[[nodiscard]] inline std::unexpected<Error> malformed(std::string_view what) {
    return fail(Errc::protocol_error, std::string(what) + " that makes no sense");
}

template <class C>
Bytes encode_request(const RequestId& id, const C& command) {
    return to_bytes(front_of(C::type), id, command);
}

template <class C>
Result<C> decode_request(std::string_view payload) {
    Reader reader{ByteReader(payload)};
    C command;
    each(reader, command);
    if (!reader.bytes.ended()) return malformed("a queue command");
    return command;
}

template <class C>
Bytes encode_answer(const Result<typename C::Answer>& answer) {
    return to_bytes(front_of(C::type), answer);
}

template <class C>
Result<typename C::Answer> decode_answer(std::string_view answer) {
    Reader reader{ByteReader(answer)};
    Front front;
    Result<typename C::Answer> value;
    each(reader, front, value);
    const auto type = static_cast<CommandType>(front.type);
    const bool fits = type == C::type || (type == CommandType::any && !value);
    if (!reader.bytes.ended() || front.version != format_version || !fits) {
        return malformed("an answer to a queue command");
    }
    return value;
}

}  // namespace baton::queue::remote

#define BATON_COMMAND(C)                                          \
    template Bytes encode_request<C>(const RequestId&, const C&); \
    template Result<C> decode_request<C>(std::string_view);       \
    template Bytes encode_answer<C>(const Result<C::Answer>&);    \
    template Result<C::Answer> decode_answer<C>(std::string_view)
