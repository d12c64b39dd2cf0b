#include "app/roles.h"

#include <array>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace baton::app {
namespace {

constexpr std::array<std::pair<std::string_view, bool Roles::*>, 3> names{{
    {"gateway", &Roles::gateway},
    {"queue", &Roles::queue},
    {"scheduler", &Roles::scheduler},
}};

Result<void> add(Roles& roles, std::string_view name) {
    for (const auto& [known, member] : names) {
        if (known != name) continue;
        if (std::exchange(roles.*member, true)) {
            return fail(Errc::invalid_argument, fmt::format("--roles names `{}` twice", name));
        }
        return {};
    }
    return fail(Errc::invalid_argument,
        fmt::format("--roles: `{}` is none of all, gateway, queue, scheduler", name));
}

}  // namespace

Result<Roles> parse_roles(std::string_view text) {
    if (text == "all") return Roles{};
    Roles roles{.gateway = false, .queue = false, .scheduler = false};
    while (true) {
        const auto comma = text.find(',');
        BATON_TRY_VOID(add(roles, text.substr(0, comma)));
        if (comma == std::string_view::npos) return roles;
        text.remove_prefix(comma + 1);
    }
}

Result<void> check_roles(const Roles& roles, const Config& config) {
    if (roles == Roles{}) return {};
    if (config.queue.store != StoreKind::jetstream) {
        return fail(Errc::invalid_argument,
            "--roles: only daemons of a cluster (`queue.store: jetstream`) can do a part; with "
            "this store a daemon does all");
    }
    if (roles.gateway != roles.scheduler && config.database.kind == DatabaseKind::sqlite) {
        return fail(Errc::unsupported,
            "--roles: gateway and scheduler need the same conversations, and SQLite's are in a "
            "database of each daemon: give both to one daemon or neither, or share a database "
            "(`database.kind: postgres`)");
    }
    return {};
}

}  // namespace baton::app
