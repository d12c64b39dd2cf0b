// Errors as values: one code list for the whole house, one table to every protocol's own numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace baton {

/// What went wrong, in words every door can translate. The names (see `errc_info`) reach the wire
/// and never change; the numbers are internal.
enum class Errc : std::uint8_t {
    // The caller's input
    invalid_argument,
    invalid_message,
    malformed_json,
    invalid_utf8,
    invalid_config,
    invalid_receipt,
    // Who is asking
    unauthenticated,
    permission_denied,
    // What does not exist, or exists already
    route_not_found,
    method_not_allowed,
    queue_not_found,
    message_not_found,
    conversation_not_found,
    not_found,
    queue_exists,
    already_exists,
    // State that forbids the operation
    lease_lost,
    conflict,
    queue_paused,
    // Limits
    payload_too_large,
    message_too_large,
    header_too_large,
    unsupported_media_type,
    request_timeout,
    rate_limited,
    queue_full,
    storage_full,
    quota_exceeded,
    overloaded,
    run_limit_exceeded,
    // Time and cancellation
    deadline_exceeded,
    cancelled,
    run_waiting,
    // Environment
    unavailable,
    database_unavailable,
    queue_unavailable,
    shutting_down,
    storage_io,
    storage_corrupt,
    address_in_use,
    data_dir_locked,
    data_dir_unusable,
    connection_failed,
    protocol_error,
    // The LLM provider
    provider_unavailable,
    provider_rate_limited,
    provider_rejected,
    provider_protocol,
    // Our side
    unsupported,
    internal,
};

/// How one code appears at each door.
struct ErrcInfo {
    Errc code;
    std::string_view name;  ///< wire name, snake_case
    int http;               ///< HTTP status
    int grpc;               ///< google.rpc.Code
    int json_rpc;           ///< JSON-RPC 2.0 error code
    int exit_code;          ///< exit status of the CLI, 1..125
    bool retryable;         ///< the same request may succeed later, unchanged
};

/// The row of `code`.
[[nodiscard]] const ErrcInfo& errc_info(Errc code) noexcept;

/// Every row, in the order of the enum.
[[nodiscard]] std::span<const ErrcInfo> errc_table() noexcept;

[[nodiscard]] inline std::string_view to_string(Errc code) noexcept { return errc_info(code).name; }
[[nodiscard]] inline bool is_retryable(Errc code) noexcept { return errc_info(code).retryable; }

/// The row whose wire name is `name`; `internal` when the name is unknown (a newer peer).
[[nodiscard]] Errc errc_from_name(std::string_view name) noexcept;

/// An error as it travels: a code for programs, words for people.
struct Error {
    Errc code = Errc::internal;
    /// What happened and where, for a person; never a secret.
    std::string detail;
    /// The input field at fault, as a path ("messages[2].priority"); empty when none is.
    std::string field = {};
    /// How long to wait before a retry; zero when unknown.
    std::chrono::milliseconds retry_after{0};

    bool operator==(const Error&) const = default;
};

/// The same error with `context` in front of its detail: "posting to `mail`: disk full".
[[nodiscard]] Error with_context(Error error, std::string_view context);

/// "queue_full: queue `mail` holds 1000 messages": one line for logs and terminals.
[[nodiscard]] std::string to_string(const Error& error);

}  // namespace baton
