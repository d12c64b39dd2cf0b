// What PostgreSQL's error codes mean to a caller. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace baton::db {

/// What an error leaves behind.
enum class Aftermath : std::uint8_t {
    none,       ///< only this statement failed
    repeat,     ///< others were in the way: the same transaction may succeed when it runs again
    forget,     ///< the same, once prepared statements are made anew
    reconnect,  ///< the session is of no more use
};

struct Verdict {
    Errc code = Errc::internal;
    Aftermath aftermath = Aftermath::none;
    bool operator==(const Verdict&) const = default;
};

/// `sql_state`: five characters (appendix A of PostgreSQL's manual).
[[nodiscard]] Verdict verdict_of(std::string_view sql_state) noexcept;

/// Of a failed attempt to connect, for which libpq has words only: permission_denied, not_found
/// (the database), or database_unavailable.
[[nodiscard]] Errc connect_errc(std::string_view message) noexcept;

}  // namespace baton::db
