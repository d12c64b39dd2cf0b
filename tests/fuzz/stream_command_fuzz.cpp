// libFuzzer: frames of /v1/stream come from strangers. Whatever comes is a command within the
// limits or an error whose words are UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/stream/command.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto command = baton::api::stream::read_command(text);
    if (!command) {
        const auto& error = command.error().error;
        if (error.detail.empty() || !baton::is_utf8(error.detail)) std::abort();
        return 0;
    }
    if (const auto* post = std::get_if<baton::api::stream::Post>(&command->operation)) {
        for (const auto& message : post->messages) {
            if (!baton::check_message(message)) std::abort();
        }
    }
    return 0;
}
