#include "service/message_names.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"

namespace baton::service {
namespace {

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

Result<void> name_message(NewMessage& message, std::string_view name) {
    const auto bad = [](std::string detail) {
        return fail_field(Errc::invalid_message, "id", std::move(detail));
    };
    if (name.empty() || name.size() > MessageLimits::key_max) {
        return bad(fmt::format("`id` is 1 to {} bytes", MessageLimits::key_max));
    }
    if (!is_utf8(name)) return bad("`id` is not UTF-8");
    if (std::ranges::any_of(name, is_control)) return bad("`id` holds a control character");
    if (MessageId::parse(name)) return bad("an `id` of this form is drawn by the queue only");
    std::erase_if(message.data.headers, [](const Header& h) { return h.name == name_header; });
    message.data.headers.push_back({std::string(name_header), std::string(name)});
    message.data.dedup_key = name;
    return {};
}

std::string_view name_of(const MessageData& data) noexcept {
    const auto header = std::ranges::find(data.headers, name_header, &Header::name);
    return header == data.headers.end() ? std::string_view() : std::string_view(header->value);
}

}  // namespace baton::service
