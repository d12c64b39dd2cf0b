#include "api/stream/answer.h"

#include "model/codec.h"
#include "model/json_text.h"

namespace baton::api::stream {
namespace {

void append_failure(std::string& out, const service::Settlement::Failure& failure) {
    JsonObjectText entry(out);
    entry.text("receipt", failure.receipt);
    entry.text("code", to_string(failure.error.code));
    entry.text("message", failure.error.detail);
}

template <class Message>
std::string event_of(CommandId consumer, std::span<const Message>& messages, std::size_t bytes) {
    std::string out;
    {
        JsonObjectText object(out);
        object.text("event", "messages");
        object.number("consumer", consumer);
        object.begin("messages") += '[';
        bool first = true;
        while (!messages.empty() && (first || out.size() < bytes)) {
            if (!first) out += ',';
            first = false;
            append_json(out, messages.front());
            messages = messages.subspan(1);
        }
        out += ']';
    }
    return out;
}

}  // namespace

std::string answer(CommandId id, std::string_view result) {
    std::string out;
    out.reserve(result.size() + 40);
    {
        JsonObjectText object(out);
        object.number("id", id);
        object.raw("result", result);
    }
    return out;
}

std::string error_answer(std::optional<CommandId> id, const Error& error) {
    std::string out;
    {
        JsonObjectText object(out);
        if (id) {
            object.number("id", *id);
        } else {
            object.raw("id", "null");
        }
        append_json(object.begin("error"), error);
    }
    return out;
}

std::string posted_json(const queue::Posted& posted) {
    std::string out = messages_json(posted.messages);
    out.back() = ',';
    out += R"("durability":")";
    out += to_string(posted.durability);
    out += "\"}";
    return out;
}

std::string settlement_json(std::string_view verb, const service::Settlement& settlement) {
    std::string out;
    {
        JsonObjectText object(out);
        object.number(verb, settlement.settled);
        object.begin("errors") += '[';
        for (const auto& failure : settlement.failures) {
            if (out.back() != '[') out += ',';
            append_failure(out, failure);
        }
        out += ']';
    }
    return out;
}

std::string messages_event(
    CommandId consumer, std::span<const LeasedMessage>& messages, std::size_t bytes) {
    return event_of(consumer, messages, bytes);
}

std::string messages_event(
    CommandId consumer, std::span<const MessageView>& messages, std::size_t bytes) {
    return event_of(consumer, messages, bytes);
}

std::string receipt_event(std::string_view event, const Receipt& receipt) {
    std::string out;
    {
        JsonObjectText object(out);
        object.text("event", event);
        object.text("receipt", receipt.text());
    }
    return out;
}

std::string ended_event(CommandId consumer, const Error& error) {
    std::string out;
    {
        JsonObjectText object(out);
        object.text("event", "ended");
        object.number("consumer", consumer);
        append_json(object.begin("error"), error);
    }
    return out;
}

}  // namespace baton::api::stream
