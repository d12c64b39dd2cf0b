#include "queue/remote/command_codec.h"

#include "queue/remote/command_bytes.h"
#include "queue/remote/wire_values.h"

namespace baton::queue::remote {
namespace {

constexpr std::uint8_t cancelled_event = 1;
constexpr std::uint8_t usage_event = 2;

/// Fails: protocol_error (another kind, another version, damaged).
template <class T>
Result<T> decode_event(std::uint8_t kind, std::string_view event) {
    Reader reader{ByteReader(event)};
    Front front;
    T told;
    each(reader, front, told);
    const bool fits = front.version == format_version && front.type == kind;
    if (!reader.bytes.ended() || !fits) return malformed("an event of the queues");
    return told;
}

}  // namespace

template <class A>
void fields(A& a, Ref<A, UsageTold> v) {
    each(a, v.partition, v.tenants);
}

Result<RequestHead> read_request_head(std::string_view request) {
    Reader reader{ByteReader(request)};
    Front front;
    RequestHead head;
    each(reader, front, head.id);
    if (!reader.bytes.ok() || front.version != format_version) return malformed("a request");
    head.type = static_cast<CommandType>(front.type);
    head.payload = request.substr(request.size() - reader.bytes.left());
    return head;
}

Bytes encode_refusal(const Error& error) {
    return to_bytes(front_of(CommandType::any), Result<void>(std::unexpected(error)));
}

Result<void> error_of_answer(std::string_view answer) {
    Reader reader{ByteReader(answer)};
    Front front;
    bool is_error = false;
    each(reader, front, is_error);
    if (reader.ok() && front.version == format_version && !is_error) return {};
    Error error;
    each(reader, error);
    if (!reader.bytes.ended() || front.version != format_version) {
        return malformed("an answer to a queue command");
    }
    return fail(std::move(error));
}

bool is_refusal(std::string_view answer) noexcept {
    return answer.size() > 1 && answer[1] == static_cast<char>(CommandType::any);
}

Bytes encode_cancelled(const MessageId& message) {
    return to_bytes(Front{.type = cancelled_event}, message);
}

Result<MessageId> decode_cancelled(std::string_view event) {
    return decode_event<MessageId>(cancelled_event, event);
}

Bytes encode_usage(const UsageTold& usage) { return to_bytes(Front{.type = usage_event}, usage); }

Result<UsageTold> decode_usage(std::string_view event) {
    return decode_event<UsageTold>(usage_event, event);
}

}  // namespace baton::queue::remote
