// libFuzzer: bodies of posts. What is read keeps the limits of messages and comes back the same
// from the JSON a pop would show; lines and the array of the same objects give the same messages.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "model/codec.h"

namespace {

using baton::NewMessage;

constexpr std::size_t count_max = 50;

/// Boost.JSON rounds numbers of many digits a little differently from place to place, so metadata
/// with fractions may move in their last digit.
void forgive_fractions(baton::MessageData& read, const baton::MessageData& posted) {
    const std::string& text = posted.metadata;
    for (std::size_t i = text.find_first_of(".e", 1); i < text.size();
        i = text.find_first_of(".e", i + 1)) {
        if (text[i - 1] >= '0' && text[i - 1] <= '9') read.metadata = text;
    }
}

void check(const std::vector<NewMessage>& messages) {
    if (messages.empty() || messages.size() > count_max) std::abort();
    for (const auto& message : messages) {
        if (!baton::check_message(message)) std::abort();

        std::vector<baton::LeasedMessage> leased(1);
        leased[0].message.id = {.queue_uid = 1, .seq = 2};
        leased[0].message.queue = baton::QueueName("q");
        leased[0].message.data = std::make_shared<const baton::MessageData>(message.data);
        const auto text = baton::messages_json(leased);
        const auto json = baton::parse_json(text, {}, baton::json_answer_depth_max);
        if (!json) std::abort();
        const auto read = baton::leased_message_from_json(json->at("messages").at(0));
        if (!read) std::abort();
        auto data = *read->message.data;
        forgive_fractions(data, message.data);
        if (data != message.data) std::abort();
    }
}

/// The lines of an NDJSON body as one array.
std::string array_of_lines(std::string_view body) {
    std::string array = "[";
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('\n'), body.size());
        const std::string_view line = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        if (array.size() > 1) array += ',';
        array += line;
    }
    array += ']';
    return array;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    if (const auto messages = baton::new_messages_from_json(body, count_max)) check(*messages);
    const auto lines = baton::new_messages_from_ndjson(body, count_max);
    if (!lines) return 0;
    check(*lines);
    auto array = baton::new_messages_from_json(array_of_lines(body), count_max);
    // The array nests one level deeper, so it may be refused where the lines are not.
    if (!array && array.error().code == baton::Errc::malformed_json) return 0;
    if (!array || array->size() != lines->size()) std::abort();
    for (std::size_t i = 0; i < lines->size(); ++i) {
        forgive_fractions((*array)[i].data, (*lines)[i].data);
    }
    if (*array != *lines) std::abort();
    return 0;
}
