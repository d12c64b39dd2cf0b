// The door for OpenAI's clients: /v1/chat/completions, /v1/responses, /v1/models, /v1/embeddings.
// Shapes as openai-node 6 reads and writes them; what differs is in docs/guide/openai.md.
#pragma once

#include "access/access.h"
#include "api/door.h"
#include "base/clock.h"
#include "service/chat_service.h"

namespace baton::api::openai {

/// How a chat goes.
using Mode = access::ChatMode;
inline constexpr auto mode_names = access::chat_mode_names;

struct OpenAiConfig {
    Mode mode = Mode::durable;  ///< when neither `Baton-Mode` nor the key says
    Duration timeout{
        600'000};  ///< of a chat that is passed through; the dispatcher's of a durable one
    Duration heartbeat{15'000};  ///< silence in a stream after which a comment is sent
    /// A durable answer that is not streamed begins after this long, with white space, so that
    /// clients and proxies do not give the connection up.
    Duration patience{100'000};
};

/// `chats` must outlive the door.
[[nodiscard]] Door make_openai_door(service::ChatService& chats, OpenAiConfig config);

}  // namespace baton::api::openai
