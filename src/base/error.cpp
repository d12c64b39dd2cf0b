#include "base/error.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace baton {
namespace {

// HTTP statuses follow RFC 9110 and RFC 6585, gRPC codes google.rpc.Code, JSON-RPC its reserved
// range
// (-32000..-32099 is the server's own). Exit codes: 2 usage, 3 not found, 4 access, 5 conflict,
// 6 limit, 7 unavailable, 8 time ran out, 9 provider, 10 storage, 78 configuration (sysexits.h).
constexpr std::array table{
    ErrcInfo{Errc::invalid_argument, "invalid_argument", 400, 3, -32602, 2, false},
    ErrcInfo{Errc::invalid_message, "invalid_message", 400, 3, -32602, 2, false},
    ErrcInfo{Errc::malformed_json, "malformed_json", 400, 3, -32700, 2, false},
    ErrcInfo{Errc::invalid_utf8, "invalid_utf8", 400, 3, -32602, 2, false},
    ErrcInfo{Errc::invalid_config, "invalid_config", 400, 3, -32602, 78, false},
    ErrcInfo{Errc::invalid_receipt, "invalid_receipt", 400, 3, -32602, 2, false},
    ErrcInfo{Errc::unauthenticated, "unauthenticated", 401, 16, -32001, 4, false},
    ErrcInfo{Errc::permission_denied, "permission_denied", 403, 7, -32003, 4, false},
    ErrcInfo{Errc::route_not_found, "route_not_found", 404, 12, -32601, 3, false},
    ErrcInfo{Errc::method_not_allowed, "method_not_allowed", 405, 12, -32601, 2, false},
    ErrcInfo{Errc::queue_not_found, "queue_not_found", 404, 5, -32004, 3, false},
    ErrcInfo{Errc::message_not_found, "message_not_found", 404, 5, -32004, 3, false},
    ErrcInfo{Errc::conversation_not_found, "conversation_not_found", 404, 5, -32004, 3, false},
    ErrcInfo{Errc::not_found, "not_found", 404, 5, -32004, 3, false},
    ErrcInfo{Errc::queue_exists, "queue_exists", 409, 6, -32009, 5, false},
    ErrcInfo{Errc::already_exists, "already_exists", 409, 6, -32009, 5, false},
    ErrcInfo{Errc::lease_lost, "lease_lost", 409, 10, -32010, 5, false},
    ErrcInfo{Errc::conflict, "conflict", 409, 10, -32010, 5, false},
    ErrcInfo{Errc::queue_paused, "queue_paused", 409, 9, -32010, 5, true},
    ErrcInfo{Errc::payload_too_large, "payload_too_large", 413, 8, -32013, 6, false},
    ErrcInfo{Errc::message_too_large, "message_too_large", 413, 8, -32013, 6, false},
    ErrcInfo{Errc::header_too_large, "header_too_large", 431, 8, -32013, 6, false},
    ErrcInfo{Errc::unsupported_media_type, "unsupported_media_type", 415, 3, -32602, 2, false},
    ErrcInfo{Errc::request_timeout, "request_timeout", 408, 4, -32008, 8, true},
    ErrcInfo{Errc::rate_limited, "rate_limited", 429, 8, -32029, 6, true},
    ErrcInfo{Errc::queue_full, "queue_full", 503, 8, -32029, 6, true},
    ErrcInfo{Errc::storage_full, "storage_full", 507, 8, -32050, 10, true},
    ErrcInfo{Errc::quota_exceeded, "quota_exceeded", 507, 8, -32050, 6, true},
    ErrcInfo{Errc::overloaded, "overloaded", 503, 14, -32053, 7, true},
    ErrcInfo{Errc::run_limit_exceeded, "run_limit_exceeded", 422, 8, -32013, 6, false},
    ErrcInfo{Errc::deadline_exceeded, "deadline_exceeded", 504, 4, -32008, 8, true},
    ErrcInfo{Errc::cancelled, "cancelled", 499, 1, -32099, 8, false},
    ErrcInfo{Errc::run_waiting, "run_waiting", 503, 14, -32053, 7, true},
    ErrcInfo{Errc::unavailable, "unavailable", 503, 14, -32053, 7, true},
    ErrcInfo{Errc::database_unavailable, "database_unavailable", 503, 14, -32053, 7, true},
    ErrcInfo{Errc::queue_unavailable, "queue_unavailable", 503, 14, -32053, 7, true},
    ErrcInfo{Errc::shutting_down, "shutting_down", 503, 14, -32053, 7, true},
    ErrcInfo{Errc::storage_io, "storage_io", 503, 15, -32050, 10, false},
    ErrcInfo{Errc::storage_corrupt, "storage_corrupt", 500, 15, -32050, 10, false},
    ErrcInfo{Errc::address_in_use, "address_in_use", 500, 9, -32603, 11, false},
    ErrcInfo{Errc::data_dir_locked, "data_dir_locked", 500, 9, -32603, 12, false},
    ErrcInfo{Errc::data_dir_unusable, "data_dir_unusable", 500, 9, -32603, 13, false},
    ErrcInfo{Errc::connection_failed, "connection_failed", 502, 14, -32053, 7, true},
    ErrcInfo{Errc::protocol_error, "protocol_error", 502, 13, -32603, 7, false},
    ErrcInfo{Errc::provider_unavailable, "provider_unavailable", 502, 14, -32060, 9, true},
    ErrcInfo{Errc::provider_rate_limited, "provider_rate_limited", 429, 8, -32061, 9, true},
    ErrcInfo{Errc::provider_rejected, "provider_rejected", 422, 9, -32062, 9, false},
    ErrcInfo{Errc::provider_protocol, "provider_protocol", 502, 13, -32063, 9, true},
    ErrcInfo{Errc::unsupported, "unsupported", 501, 12, -32601, 2, false},
    ErrcInfo{Errc::internal, "internal", 500, 13, -32603, 1, false},
};

static_assert(table.size() == static_cast<std::size_t>(Errc::internal) + 1, "one row per code");
static_assert(
    [] {
        for (std::size_t i = 0; i < table.size(); ++i) {
            if (static_cast<std::size_t>(table[i].code) != i) return false;
        }
        return true;
    }(),
    "rows stand in the order of the enum");

}  // namespace

const ErrcInfo& errc_info(Errc code) noexcept { return table[static_cast<std::size_t>(code)]; }

std::span<const ErrcInfo> errc_table() noexcept { return table; }

Errc errc_from_name(std::string_view name) noexcept {
    const auto* row = std::ranges::find(table, name, &ErrcInfo::name);
    return row == table.end() ? Errc::internal : row->code;
}

Error with_context(Error error, std::string_view context) {
    error.detail = std::string(context) + ": " + error.detail;
    return error;
}

std::string to_string(const Error& error) {
    std::string text(to_string(error.code));
    if (!error.detail.empty()) text += ": " + error.detail;
    if (!error.field.empty()) text += " (field `" + error.field + "`)";
    return text;
}

}  // namespace baton
