#include "db/postgres/sql_state.h"

#include <algorithm>
#include <array>

namespace baton::db {
namespace {

struct Row {
    std::string_view prefix;  ///< a whole code, or its class
    Verdict verdict;
};

// The first row that fits counts: codes before their class.
constexpr std::array rows{
    Row{"40001", {Errc::database_unavailable, Aftermath::repeat}},  // serialization_failure
    Row{"40P01", {Errc::database_unavailable, Aftermath::repeat}},  // deadlock_detected
    Row{"55P03", {Errc::database_unavailable, Aftermath::none}},    // lock_not_available
    Row{"57014",
        {Errc::database_unavailable, Aftermath::none}},  // query_canceled: statement_timeout
    Row{"26000", {Errc::database_unavailable, Aftermath::forget}},  // no such prepared statement
    Row{"42P05", {Errc::database_unavailable, Aftermath::forget}},  // … or one too many of its name
    Row{"0A000", {Errc::unsupported, Aftermath::forget}},  // cached plan: the table has changed
    Row{"25P02", {Errc::internal, Aftermath::none}},       // the transaction has failed before
    Row{"25P03",
        {Errc::database_unavailable, Aftermath::reconnect}},  // idle in transaction for too long
    Row{"25006",
        {Errc::database_unavailable, Aftermath::reconnect}},         // read only: a standby by now
    Row{"57P", {Errc::database_unavailable, Aftermath::reconnect}},  // shutdown, crash, starting up
    Row{"08", {Errc::database_unavailable, Aftermath::reconnect}},   // connection exceptions
    Row{"23", {Errc::conflict, Aftermath::none}},                    // constraints
    Row{"22021", {Errc::invalid_utf8, Aftermath::none}},             // not in the encoding
    Row{"22003", {Errc::invalid_argument, Aftermath::none}},         // number out of range
    Row{"28", {Errc::permission_denied, Aftermath::none}},           // authorization
    Row{"42501", {Errc::permission_denied, Aftermath::none}},        // insufficient_privilege
    Row{"42P01",
        {Errc::database_unavailable, Aftermath::none}},        // undefined_table: or kept from us
    Row{"53100", {Errc::storage_full, Aftermath::none}},       // disk_full
    Row{"53", {Errc::database_unavailable, Aftermath::none}},  // memory, connections
    Row{"54", {Errc::message_too_large, Aftermath::none}},     // program limits
    Row{"58030", {Errc::storage_io, Aftermath::none}},         // io_error
    Row{"XX001", {Errc::storage_corrupt, Aftermath::none}},    // data_corrupted
    Row{"XX002", {Errc::storage_corrupt, Aftermath::none}},    // index_corrupted
};

}  // namespace

Verdict verdict_of(std::string_view sql_state) noexcept {
    const auto* row = std::ranges::find_if(
        rows, [&](const Row& each) { return sql_state.starts_with(each.prefix); });
    return row == rows.end() ? Verdict{} : row->verdict;
}

Errc connect_errc(std::string_view message) noexcept {
    const auto says = [&](std::string_view words) { return message.contains(words); };
    if (says("authentication failed") || says("pg_hba.conf") || says("no password supplied") ||
        says("role \"")) {
        return Errc::permission_denied;
    }
    if (says("database \"") && says("does not exist")) return Errc::not_found;
    return Errc::database_unavailable;
}

}  // namespace baton::db
