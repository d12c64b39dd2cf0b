// Messages and results in few words, for tests of queues.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/message.h"

namespace baton::test {

/// The value, or an exception that says what went wrong.
template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// "ok" or the name of the error: reads well in a failed expectation.
template <class T>
std::string outcome(const Result<T>& result) {
    return result ? "ok" : std::string(to_string(result.error().code));
}

/// A message to post, with what a test wants to say about it.
struct Letter {
    std::string text = "x";
    Level level = Level::normal;
    std::string order{};
    std::string share{};
    std::string dedup{};
    Duration delay{0};
    Duration ttl{0};
    std::uint32_t cost = 1;

    [[nodiscard]] NewMessage message() const {
        NewMessage message{.data = {.content = Bytes(text),
                               .priority = level,
                               .ordering_key = order,
                               .fairness_key = share,
                               .dedup_key = dedup},
            .delay = delay,
            .ttl = ttl};
        if (cost != 1) message.data.headers = {{std::string(cost_header), std::to_string(cost)}};
        return message;
    }
};

inline std::vector<NewMessage> messages_of(const std::vector<Letter>& letters) {
    std::vector<NewMessage> messages;
    for (const auto& letter : letters) messages.push_back(letter.message());
    return messages;
}

}  // namespace baton::test
