// The door for OpenAI's clients: /v1/chat/completions, /v1/responses, /v1/models, /v1/embeddings.
// Shapes as openai-node 6 reads and writes them; what differs is in docs/guide/openai.md.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "api/door.h"
#include "base/clock.h"
#include "service/chat_service.h"

namespace baton::api::openai {

/// How a chat goes when its request has no `Baton-Mode`.
enum class Mode : std::uint8_t {
    durable,      ///< through the queue: stored before anything is answered
    pass_through  ///< to the pool at once: nothing is stored
};
inline constexpr std::array<std::string_view, 2> mode_names{"durable", "pass-through"};

struct OpenAiConfig {
    Mode mode = Mode::durable;
    Duration timeout{600'000};   ///< of a chat that is passed through
    Duration heartbeat{15'000};  ///< silence in a stream after which a comment is sent
    /// An answer that is not streamed begins after this long, with white space, so that clients and
    /// proxies do not give the connection up.
    Duration patience{100'000};
};

/// `chats` must outlive the door.
[[nodiscard]] Door make_openai_door(service::ChatService& chats, OpenAiConfig config);

}  // namespace baton::api::openai
