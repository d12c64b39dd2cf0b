// What stands around every kRPC call: {"method","params","sys":[seq, token?, trace?]}, and around
// every answer: {"result"|"error","sys":[seq, trace?]}. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace baton::api::krpc {

/// A call without its parameters. What a broken call still says is kept, so that its answer reaches
/// who waits for it.
struct Envelope {
    static constexpr std::size_t trace_max = 256;  ///< bytes of a trace id

    std::string method{};
    std::uint64_t seq = 0;       ///< 0 when the call does not say it
    Secret token{};              ///< empty: none
    std::string trace{};         ///< empty: none; UTF-8
    std::optional<Error> error;  ///< the call is no kRPC call
};

/// Reads the envelope and passes over the parameters, without keeping them: it comes before anybody
/// knows who asks. Errors: malformed_json, invalid_utf8, invalid_argument.
[[nodiscard]] Envelope read_envelope(std::string_view body);

/// `result` is JSON. The trace id stands where kRPC's clients look for it, and only when the call
/// had one: to some of them any other string there is a new token.
[[nodiscard]] std::string result_text(const Envelope& call, std::string result);

/// `"error":"<code>: <detail>"`, which is all that kRPC's clients show, and beside it `error_info`
/// with the error as every other door shows it.
[[nodiscard]] std::string error_text(const Envelope& call, const Error& error);

}  // namespace baton::api::krpc
