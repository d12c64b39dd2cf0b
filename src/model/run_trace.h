// What a run has done, step by step, as it is shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/clock.h"
#include "model/chat.h"
#include "model/message.h"

namespace baton {

/// Numbers reach disk; never renumber.
enum class StepKind : std::uint8_t {
    model = 0,  ///< a model answered
    tool = 1,   ///< a tool returned
    wait = 2,   ///< a tool began to wait for a reply
};
[[nodiscard]] std::string_view to_string(StepKind kind) noexcept;

struct TracedStep {
    std::uint32_t number = 0;  ///< 0, 1, 2 … without gaps
    StepKind kind = StepKind::model;
    TimePoint began_at{};
    TimePoint ended_at{};
    ChatResult answer{};  ///< of a model
    // Of a tool and of a wait:
    ToolCall call{};       ///< what the model asked for
    std::string result{};  ///< what the model got to see; empty for a wait
    bool is_error = false;
    std::optional<MessageId> message{};  ///< what the tool posted, or waits for
    std::optional<TimePoint> until{};    ///< how long it waits
    bool operator==(const TracedStep&) const = default;
};

/// As `/api/v1` shows it: members by the kind. Which endpoint answered stays with operators.
[[nodiscard]] boost::json::object to_json(const TracedStep& step);

}  // namespace baton
