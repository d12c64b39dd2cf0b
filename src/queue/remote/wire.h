// Values as bytes: one description of each (`fields`) serves counting, writing and reading.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/byte_codec.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"

namespace baton::queue::remote {

/// Counts the bytes a Writer will need.
struct Sizer {
    static constexpr bool reads = false;
    void number(std::uint64_t value) { size += number_size(value); }
    void fixed(std::uint64_t) { size += sizeof(std::uint64_t); }
    void text(std::string_view data) { size += number_size(data.size()) + data.size(); }

    std::size_t size = 0;
};

/// Writes into memory of the size counted.
struct Writer {
    static constexpr bool reads = false;
    void number(std::uint64_t value) { bytes.number(value); }
    void fixed(std::uint64_t value) { bytes.u64(value); }
    void text(std::string_view data) { bytes.number(data.size()).bytes(data); }

    ByteWriter bytes;
};

/// Reads what may be anything: after the first thing that makes no sense `bytes.ok()` is false and
/// all values are empty.
struct Reader {
    static constexpr bool reads = true;
    std::uint64_t number() { return bytes.number(); }
    std::uint64_t fixed() { return bytes.u64(); }
    std::string_view text() { return bytes.bytes(static_cast<std::size_t>(bytes.number())); }
    /// A number up to `max`.
    std::uint64_t number_to(std::uint64_t max) {
        const auto value = bytes.number();
        if (value <= max) return value;
        bytes.fail();
        return 0;
    }
    /// How many elements follow, up to `max`.
    std::size_t count(std::size_t max) { return static_cast<std::size_t>(number_to(max)); }
    void fail() { bytes.fail(); }
    [[nodiscard]] bool ok() const { return bytes.ok(); }

    ByteReader bytes;
};

/// The value an archive writes, or the one it reads into.
template <class A, class T>
using Ref = std::conditional_t<A::reads, T&, const T&>;

/// The last of an enum's values; those before it have all smaller numbers, without gaps.
template <class E>
inline constexpr E last_of = E{};

/// How many elements of a kind are read at most.
template <class T>
inline constexpr std::size_t count_max = 10'000;

/// Times and durations beyond travel as these.
inline constexpr std::int64_t ticks_max = 1LL << 53;

/// How a value of a type travels. A struct does by its `fields(archive, value)`.
template <class T>
struct Wire {
    template <class A>
    static void run(A& a, Ref<A, T> value) {
        fields(a, value);
    }
};

/// All of them, one after the other.
template <class A, class... T>
void each(A& a, T&&... values) {
    (Wire<std::remove_cvref_t<T>>::run(a, std::forward<T>(values)), ...);
}

template <std::unsigned_integral T>
struct Wire<T> {
    template <class A>
    static void run(A& a, Ref<A, T> value) {
        if constexpr (A::reads) {
            value = static_cast<T>(a.number_to(std::numeric_limits<T>::max()));
        } else {
            a.number(value);
        }
    }
};

template <class E>
    requires std::is_enum_v<E>
struct Wire<E> {
    template <class A>
    static void run(A& a, Ref<A, E> value) {
        if constexpr (A::reads) {
            value = static_cast<E>(a.number_to(static_cast<std::uint64_t>(last_of<E>)));
        } else {
            a.number(static_cast<std::uint64_t>(value));
        }
    }
};

/// A number with sign: 0, -1, 1, -2 … as 0, 1, 2, 3 …
template <class A>
void ticks(A& a, Ref<A, std::int64_t> value) {
    if constexpr (A::reads) {
        const auto number = a.number_to(2 * static_cast<std::uint64_t>(ticks_max));
        const auto half = static_cast<std::int64_t>(number >> 1);
        value = (number & 1) == 0 ? half : -half - 1;
    } else {
        const auto bounded = std::clamp(value, -ticks_max, ticks_max);
        const auto doubled = static_cast<std::uint64_t>(bounded) << 1;
        a.number(bounded < 0 ? ~doubled : doubled);
    }
}

template <class Rep, class Period>
struct Wire<std::chrono::duration<Rep, Period>> {
    using T = std::chrono::duration<Rep, Period>;
    template <class A>
    static void run(A& a, Ref<A, T> value) {
        std::int64_t count = A::reads ? 0 : value.count();
        ticks(a, count);
        if constexpr (A::reads) value = T(count);
    }
};

template <>
struct Wire<TimePoint> {
    template <class A>
    static void run(A& a, Ref<A, TimePoint> value) {
        std::int64_t count = A::reads ? 0 : to_unix_ms(value);
        ticks(a, count);
        if constexpr (A::reads) value = from_unix_ms(count);
    }
};

template <>
struct Wire<std::string> {
    template <class A>
    static void run(A& a, Ref<A, std::string> value) {
        if constexpr (A::reads) {
            value = a.text();
        } else {
            a.text(value);
        }
    }
};

template <class Tag>
struct Wire<Id<Tag>> {
    template <class A>
    static void run(A& a, Ref<A, Id<Tag>> value) {
        each(a, value.text);
    }
};

template <>
struct Wire<Bytes> {
    template <class A>
    static void run(A& a, Ref<A, Bytes> value) {
        if constexpr (A::reads) {
            value = Bytes(std::string(a.text()));
        } else {
            a.text(value.view());
        }
    }
};

}  // namespace baton::queue::remote
