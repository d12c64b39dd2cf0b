// Strong ids: text that says what it names, so that two of them cannot be swapped.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace baton {

/// An id as text. `Tag` gives the kind; ids of different kinds do not compare or convert.
template <class Tag>
struct Id {
    std::string text;

    Id() = default;
    explicit Id(std::string value) : text(std::move(value)) {}

    [[nodiscard]] bool empty() const noexcept { return text.empty(); }
    [[nodiscard]] std::string_view view() const noexcept { return text; }

    auto operator<=>(const Id&) const = default;
    bool operator==(const Id&) const = default;
};

using QueueName = Id<struct QueueNameTag>;
using ConversationId = Id<struct ConversationIdTag>;
using UserId = Id<struct UserIdTag>;
using AgentId = Id<struct AgentIdTag>;
using TenantId = Id<struct TenantIdTag>;
using KeyId = Id<struct KeyIdTag>;
using EndpointName = Id<struct EndpointNameTag>;

}  // namespace baton

template <class Tag>
struct std::hash<baton::Id<Tag>> {
    std::size_t operator()(const baton::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.text);
    }
};
