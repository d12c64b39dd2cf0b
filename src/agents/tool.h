// The tool port: what a model may have done during its run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/value.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "model/chat.h"
#include "model/conversation.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::agents {

/// What the model is told.
struct ToolResult {
    std::string content{};
    bool is_error = false;
    std::optional<MessageId> posted{};  ///< what the call posted, for later calls of the run
    bool operator==(const ToolResult&) const = default;
};

/// The tool waits for the reply to a message. The run keeps that as a step and gives its worker
/// back; after it, or after `until`, the tool is called again.
struct ToolWait {
    MessageId message{};
    TimePoint until{};
    bool operator==(const ToolWait&) const = default;
};

using ToolOutcome = std::variant<ToolResult, ToolWait>;

/// One call, as far as the tool must know it.
struct ToolContext {
    DialogMessage message{};  ///< the one that the run answers
    /// The same for each try of this call and for no other one, at most 64 bytes: what is done
    /// under it is done once.
    std::string effect_key{};
    std::optional<ToolWait> waiting{};  ///< what this call waits for since an earlier try
    std::vector<MessageId> posted{};    ///< what calls of this run have posted so far
};

/// Safe to use on the executors of the runs. Holds no state of a run.
class Tool {
public:
    virtual ~Tool() = default;

    /// The same at all times. `name`: 1..64 characters of A-Z a-z 0-9 _ -.
    [[nodiscard]] virtual const ToolSpec& spec() const noexcept = 0;

    /// `arguments` is a JSON object, which the model wrote: anything may be in it. A crash after
    /// the call and before its result is kept makes the run call again, with the same effect key.
    /// What fails is told to the model, unless `ends_run` says otherwise.
    [[nodiscard]] virtual Task<Result<ToolOutcome>> call(
        boost::json::value arguments, ToolContext context, Deadline deadline) = 0;
};

/// Whether an error of a tool is none that the model could do anything about: the run fails with
/// it, and is resumed at this call.
[[nodiscard]] bool ends_run(Errc code) noexcept;

/// All tools there are. Filled at start, read from any thread afterwards.
class ToolBox final {
public:
    /// Replaces one of the same name.
    void add(std::unique_ptr<Tool> tool);
    /// Null when there is none.
    [[nodiscard]] Tool* find(std::string_view name) const noexcept;
    /// Sorted.
    [[nodiscard]] std::vector<std::string_view> names() const;

private:
    std::map<std::string, std::unique_ptr<Tool>, std::less<>> tools_;
};

}  // namespace baton::agents
