// Answers of /v1/responses, whole and as events. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "api/openai/answer_stream.h"
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
class ResponseEvents final : public AnswerEvents {
public:
    /// Events up to the number `seen` are made and left out.
    explicit ResponseEvents(ResponseHead head, std::int64_t seen = -1)
        : head_(std::move(head)), seen_(seen) {}

    [[nodiscard]] std::string begin() override;
    /// The events' own numbers are their places.
    [[nodiscard]] std::string take(const ChatDelta& delta, std::string_view place) override;
    [[nodiscard]] std::string end(const ChatResult& result) override;
    [[nodiscard]] std::string fail(const Error& error) override;

private:
    struct CallItem {
        std::size_t output_index = 0;
        ToolCall call{};
    };
    /// Thoughts up to the words or calls that follow them.
    struct Thoughts {
        std::size_t output_index = 0;
        std::size_t number = 0;  ///< among the thoughts of this answer
        std::string text{};
    };

    void emit(std::string& out, std::string_view type, boost::json::object fields);
    /// Of the one message, in the order in which they came.
    struct Part {
        bool is_refusal = false;
        std::string text{};
    };
    Part& open_part(std::string& out, bool is_refusal);
    [[nodiscard]] boost::json::object place_of(std::size_t part) const;
    void close_message(std::string& out, std::string_view status);
    void close_call(
        std::string& out, std::size_t index, const CallItem& item, std::string_view status);
    void take_reasoning(std::string& out, std::string_view text);
    void close_reasoning(std::string& out, std::string_view status);
    [[nodiscard]] boost::json::object place_of(const Thoughts& thoughts) const;
    CallItem& open_call(std::string& out, const ToolCallDelta& delta);
    void take_text(std::string& out, std::string_view text, bool is_refusal);

    ResponseHead head_;
    std::int64_t seen_;
    std::int64_t number_ = 0;
    std::size_t items_ = 0;
    std::optional<std::size_t> message_index_{};
    std::vector<Part> parts_;
    std::optional<Thoughts> thoughts_{};  ///< that are told now
    std::size_t thoughts_count_ = 0;
    std::vector<boost::json::object> output_;              ///< the items, done
    std::vector<std::pair<std::size_t, CallItem>> calls_;  ///< by the model's index
};

}  // namespace baton::api::openai
