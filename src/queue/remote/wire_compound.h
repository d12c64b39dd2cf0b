// How values made of other values travel: see wire.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "queue/remote/wire.h"

namespace baton::queue::remote {

/// Room that is made before the elements have been seen.
inline constexpr std::size_t reserve_max = 10'000;

template <class T>
struct Wire<std::optional<T>> {
    template <class A>
    static void run(A& a, Ref<A, std::optional<T>> value) {
        bool is_there = value.has_value();
        each(a, is_there);
        if constexpr (A::reads) {
            if (is_there) value.emplace();
        }
        if (is_there) each(a, *value);
    }
};

template <class T>
struct Wire<std::shared_ptr<const T>> {
    template <class A>
    static void run(A& a, Ref<A, std::shared_ptr<const T>> value) {
        bool is_there = value != nullptr;
        each(a, is_there);
        if (!is_there) return;
        if constexpr (A::reads) {
            auto made = std::make_shared<T>();
            each(a, *made);
            value = std::move(made);
        } else {
            each(a, *value);
        }
    }
};

template <class T>
struct Wire<std::vector<T>> {
    template <class A>
    static void run(A& a, Ref<A, std::vector<T>> value) {
        if constexpr (A::reads) {
            const auto count = a.count(count_max<T>);
            value.reserve(std::min(count, reserve_max));
            for (std::size_t i = 0; i < count && a.ok(); ++i) each(a, value.emplace_back());
        } else {
            a.number(value.size());
            for (const auto& element : value) each(a, element);
        }
    }
};

template <class T, std::size_t n>
struct Wire<std::array<T, n>> {
    template <class A>
    static void run(A& a, Ref<A, std::array<T, n>> value) {
        for (auto& element : value) each(a, element);
    }
};

template <class V>
struct Wire<std::map<std::string, V>> {
    template <class A>
    static void run(A& a, Ref<A, std::map<std::string, V>> value) {
        if constexpr (A::reads) {
            const auto count = a.count(count_max<std::string>);
            for (std::size_t i = 0; i < count && a.ok(); ++i) {
                std::pair<std::string, V> entry;
                each(a, entry.first, entry.second);
                // Keys ascend, so that there is one way to write a map.
                if (!value.empty() && entry.first <= value.rbegin()->first) a.fail();
                value.insert_or_assign(value.end(), std::move(entry.first), entry.second);
            }
        } else {
            a.number(value.size());
            for (const auto& [key, element] : value) each(a, key, element);
        }
    }
};

/// Codes travel by name: their numbers are internal.
template <>
struct Wire<Errc> {
    template <class A>
    static void run(A& a, Ref<A, Errc> value) {
        if constexpr (A::reads) {
            value = errc_from_name(a.text());
        } else {
            a.text(to_string(value));
        }
    }
};

template <class A>
void fields(A& a, Ref<A, Error> v) {
    each(a, v.code, v.detail, v.field, v.retry_after);
}

template <class T>
struct Wire<Result<T>> {
    template <class A>
    static void run(A& a, Ref<A, Result<T>> value) {
        bool is_error = !value.has_value();
        each(a, is_error);
        if constexpr (A::reads) {
            if (is_error) value = std::unexpected(Error());
        }
        if (is_error) {
            each(a, value.error());
        } else if constexpr (!std::is_void_v<T>) {
            each(a, *value);
        }
    }
};

}  // namespace baton::queue::remote
