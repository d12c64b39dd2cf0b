#include "model/queue_operations.h"

#include <array>

#include "model/names.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 2> key_kind_names{"ordering", "fairness"};

}  // namespace

std::string_view to_string(KeyKind kind) noexcept { return name_of(kind, key_kind_names); }

Result<KeyKind> parse_key_kind(std::string_view text) {
    return enum_from_name<KeyKind>("kind of key", text, key_kind_names);
}

}  // namespace baton
