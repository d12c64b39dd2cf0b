#include "api/openai/openai_api.h"

#include <iterator>
#include <memory>
#include <utility>

#include "api/openai/errors.h"
#include "api/openai/routes.h"

namespace baton::api::openai {

Door make_openai_door(service::ChatService& chats, OpenAiConfig config) {
    const auto state = std::make_shared<DoorState>(DoorState{.chats = chats, .config = config});
    Door door{.format_error = error_response};
    for (auto part : {chat_routes(state), response_routes(state), model_routes(state)}) {
        std::ranges::move(part, std::back_inserter(door.routes));
    }
    return door;
}

}  // namespace baton::api::openai
