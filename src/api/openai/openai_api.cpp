#include "api/openai/openai_api.h"

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/openai/errors.h"
#include "api/openai/routes.h"

namespace baton::api::openai {
namespace {

/// Of the API, as OpenAI itself names it in every answer.
constexpr std::string_view spoken_version = "2020-10-01";

}  // namespace

Door make_openai_door(service::ChatService& chats, OpenAiConfig config) {
    const auto state = std::make_shared<DoorState>(DoorState{.chats = chats, .config = config});
    Door door{
        .format_error = error_response, .complete = [](net::Response& response, Duration took) {
            response.fields.set("openai-processing-ms", std::to_string(took.count()));
            response.fields.set("openai-version", std::string(spoken_version));
        }};
    for (auto part : {chat_routes(state), response_routes(state), model_routes(state)}) {
        std::ranges::move(part, std::back_inserter(door.routes));
    }
    return door;
}

}  // namespace baton::api::openai
