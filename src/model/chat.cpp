#include "model/chat.h"

#include "model/names.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 5> role_names{
    "system", "user", "assistant", "tool", "developer"};

}  // namespace

std::string_view to_string(Role role) noexcept { return name_of(role, role_names); }

Result<Role> parse_role(std::string_view text) {
    return enum_from_name<Role>("role", text, role_names);
}

}  // namespace baton
