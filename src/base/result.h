// Result<T>: a value or a typed Error, and the two macros that pass an error up without ceremony.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace baton {

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::queue_not_found, "no queue `mail`");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string detail) {
    return std::unexpected(Error{.code = code, .detail = std::move(detail)});
}

/// The same, naming the input field at fault.
[[nodiscard]] inline std::unexpected<Error> fail_field(
    Errc code, std::string field, std::string detail) {
    return std::unexpected(
        Error{.code = code, .detail = std::move(detail), .field = std::move(field)});
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
    return std::unexpected(std::move(error));
}

}  // namespace baton

#define BATON_CONCAT_INNER(a, b) a##b
#define BATON_CONCAT(a, b) BATON_CONCAT_INNER(a, b)

/// `BATON_TRY(auto x, expr)`: declares x from the value of `expr`, or returns its error.
/// `BATON_TRY_VOID(expr)`: the same for Result<void>. Statements, never expressions.
#define BATON_TRY(declaration, ...) \
    BATON_TRY_IMPL(return, BATON_CONCAT(baton_result_, __LINE__), declaration, __VA_ARGS__)
#define BATON_TRY_VOID(...) \
    BATON_TRY_VOID_IMPL(return, BATON_CONCAT(baton_result_, __LINE__), __VA_ARGS__)

/// The same inside a coroutine: `BATON_CO_TRY(auto x, co_await task());`
#define BATON_CO_TRY(declaration, ...) \
    BATON_TRY_IMPL(co_return, BATON_CONCAT(baton_result_, __LINE__), declaration, __VA_ARGS__)
#define BATON_CO_TRY_VOID(...) \
    BATON_TRY_VOID_IMPL(co_return, BATON_CONCAT(baton_result_, __LINE__), __VA_ARGS__)

#define BATON_TRY_IMPL(return_keyword, name, declaration, ...)          \
    auto name = __VA_ARGS__;                                            \
    if (!name) return_keyword std::unexpected(std::move(name).error()); \
    declaration = *std::move(name)
#define BATON_TRY_VOID_IMPL(return_keyword, name, ...) \
    auto name = __VA_ARGS__;                           \
    if (!name) return_keyword std::unexpected(std::move(name).error())
