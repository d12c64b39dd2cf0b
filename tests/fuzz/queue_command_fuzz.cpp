// libFuzzer: commands, answers and events come from other daemons. Whatever comes is one that
// writes back to the same bytes, or a protocol_error.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "queue/remote/command_table.h"

namespace {

using namespace baton::queue::remote;

void check_request(std::string_view bytes) {
    const auto head = read_request_head(bytes);
    const auto command =
        head ? decode_command(*head) : baton::Result<AnyCommand>(std::unexpected(head.error()));
    if (!command) {
        if (command.error().code != baton::Errc::protocol_error) std::abort();
        return;
    }
    const auto again =
        std::visit([&](const auto& one) { return encode_request(head->id, one); }, *command);
    if (again.view() != bytes) std::abort();
}

/// What was read writes back to what reads the same; names of unknown error codes are not kept.
template <class C>
void check_answer(std::string_view bytes) {
    const auto answer = decode_answer<C>(bytes);
    if (!answer && answer.error().code == baton::Errc::protocol_error) return;
    const auto again = encode_answer<C>(answer);
    if (encode_answer<C>(decode_answer<C>(again.view())) != again) std::abort();
    if (error_of_answer(bytes).has_value() != answer.has_value()) std::abort();
}

template <class... C>
void check_answers(std::string_view bytes, const std::variant<C...>*) {
    (check_answer<C>(bytes), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_request(bytes);
    check_answers(bytes, static_cast<const AnyCommand*>(nullptr));
    const auto event = decode_cancelled(bytes);
    if (event && encode_cancelled(*event).view() != bytes) std::abort();
    const auto usage = decode_usage(bytes);
    if (usage && encode_usage(*usage).view() != bytes) std::abort();
    return 0;
}
