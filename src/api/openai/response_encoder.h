// Answers of /v1/responses, whole and as events. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "model/chat.h"

namespace baton::api::openai {

enum class ResponseStatus : std::uint8_t { queued, in_progress, cancelled };

/// What every form of one response says alike.
struct ResponseHead {
    std::string id;  ///< "resp_…"; its items are named after it
    std::string model;
    TimePoint created{};
    bool background = false;
    boost::json::object echo{};  ///< of the request; empty when it is no longer kept
};

/// A response that has no answer (yet).
[[nodiscard]] boost::json::object response_object(const ResponseHead& head, ResponseStatus status);
/// One that has; incomplete when the model was cut off.
[[nodiscard]] boost::json::object response_object(
    const ResponseHead& head, const ChatResult& result);
/// One that failed.
[[nodiscard]] boost::json::object response_object(const ResponseHead& head, const Error& error);

/// The events of one response, numbered from 0: the same again whenever the same pieces are put in.
class ResponseEvents {
public:
    /// Events up to the number `seen` are made and left out.
    explicit ResponseEvents(ResponseHead head, std::int64_t seen = -1)
        : head_(std::move(head)), seen_(seen) {}

    [[nodiscard]] std::string begin();
    [[nodiscard]] std::string take(const ChatDelta& delta);
    [[nodiscard]] std::string end(const ChatResult& result);
    [[nodiscard]] std::string fail(const Error& error);

private:
    struct CallItem {
        std::size_t output_index = 0;
        ToolCall call{};
    };

    void emit(std::string& out, std::string_view type, boost::json::object fields);
    void open_message(std::string& out);
    void close_message(std::string& out);
    CallItem& open_call(std::string& out, const ToolCallDelta& delta);
    void take_text(std::string& out, std::string_view text);

    ResponseHead head_;
    std::int64_t seen_;
    std::int64_t number_ = 0;
    std::size_t items_ = 0;
    enum class Message : std::uint8_t { none, open, closed } message_ = Message::none;
    std::size_t message_index_ = 0;
    std::string text_;
    std::vector<std::pair<std::size_t, CallItem>> calls_;  ///< by the model's index
};

}  // namespace baton::api::openai
