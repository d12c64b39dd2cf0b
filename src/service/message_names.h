// Names that posters give their messages, kept beside the queues: the port.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/message.h"
#include "runtime/task.h"

namespace baton::service {

/// The header in which a message carries the name that its poster gave it.
inline constexpr std::string_view name_header = "baton-name";

struct NamedMessage {
    std::string name{};
    MessageId message{};
    bool operator==(const NamedMessage&) const = default;
};

/// Gives a message the name that its poster calls it by: the header `baton-name`. It is its dedup
/// key too, so within the window of the queue a second message of the name is the first one.
/// `name`: 1..MessageLimits::key_max bytes of UTF-8 without control characters, not of the form of
/// a message id. Fails: invalid_message, with field `id`.
[[nodiscard]] Result<void> name_message(NewMessage& message, std::string_view name);

/// The name that a message bears; empty: none.
[[nodiscard]] std::string_view name_of(const MessageData& data) noexcept;

/// Which message a name means. The queues don't know: what is lost here is written again by the
/// next post or pop of the message. Safe to use from any thread.
class MessageNames {
public:
    virtual ~MessageNames() = default;

    /// How long a name is known after it was written.
    static constexpr Duration kept_for = std::chrono::days(7);

    /// Durable on return. A name that is known already means the message it was written with last.
    [[nodiscard]] virtual Task<Result<void>> remember(std::vector<NamedMessage> messages) = 0;

    /// Nothing when the name is unknown.
    [[nodiscard]] virtual Task<Result<std::optional<MessageId>>> find(std::string name) = 0;
};

}  // namespace baton::service
