#include "model/queue_config.h"

#include <algorithm>

#include "model/names.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 3> durability_names{"fsync", "relaxed", "memory"};
constexpr std::array<std::string_view, 2> overflow_names{"reject", "drop_oldest"};

constexpr std::size_t queue_name_max = 128;

bool is_name_char(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

}  // namespace

std::string_view to_string(Durability durability) noexcept {
    return name_of(durability, durability_names);
}

Result<Durability> parse_durability(std::string_view text) {
    return enum_from_name<Durability>("durability", text, durability_names);
}

std::string_view to_string(Overflow overflow) noexcept { return name_of(overflow, overflow_names); }

Result<Overflow> parse_overflow(std::string_view text) {
    return enum_from_name<Overflow>("overflow", text, overflow_names);
}

Result<QueueName> parse_queue_name(std::string_view text) {
    if (text.empty() || text.size() > queue_name_max || text.front() == '.' ||
        !std::ranges::all_of(text, is_name_char)) {
        return fail(Errc::invalid_argument,
            "a queue name is 1 to 128 characters of A-Z a-z 0-9 . _ - and no dot in front");
    }
    return QueueName(std::string(text));
}

}  // namespace baton
