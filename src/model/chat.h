// A chat with a language model, in terms every provider maps to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace baton {

/// Who speaks. Names reach disk; never rename.
enum class Role : std::uint8_t { system, user, assistant, tool, developer };
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] Result<Role> parse_role(std::string_view text);

/// A tool the model may call: a function with JSON arguments.
struct ToolSpec {
    std::string name{};
    std::string description{};
    std::string parameters{};  ///< a JSON Schema as text; empty: takes no arguments
    bool strict = false;       ///< arguments follow the schema exactly
    bool operator==(const ToolSpec&) const = default;
};

/// A call the model wants made.
struct ToolCall {
    std::string id{};  ///< names the call within its chat; the tool's answer repeats it
    std::string name{};
    std::string arguments{};  ///< JSON as the model wrote it, which may be broken
    bool operator==(const ToolCall&) const = default;
};

struct ChatMessage {
    Role role = Role::user;
    std::string content{};  ///< the text; of `parts`, their text joined
    /// Contents beyond text (images, sound, files): an array of OpenAI's content parts as JSON
    /// text. Empty: `content` is all there is.
    std::string parts{};
    std::string name{};                  ///< of the speaker; empty: none
    std::string refusal{};               ///< of an assistant that refused
    std::vector<ToolCall> tool_calls{};  ///< of an assistant
    std::string tool_call_id{};          ///< of a tool: the call it answers
    bool operator==(const ChatMessage&) const = default;
};

/// How a model answers; what is not set is up to the endpoint.
struct ChatOptions {
    std::optional<double> temperature{};
    std::optional<double> top_p{};
    std::optional<std::uint64_t> max_output_tokens{};
    std::optional<std::int64_t> seed{};
    std::vector<std::string> stop{};
    std::string response_format{};  ///< JSON text in OpenAI's shape; empty: text
    std::string tool_choice{};      ///< JSON text in OpenAI's shape; empty: auto
    std::optional<bool> parallel_tool_calls{};
    /// Any other of OpenAI's parameters: a JSON object as text, or empty. OpenAI-compatible
    /// endpoints get them as they are, others do without.
    std::string extra{};
    bool operator==(const ChatOptions&) const = default;
};

struct ChatRequest {
    std::string model{};
    std::vector<ChatMessage> messages{};
    std::vector<ToolSpec> tools{};
    ChatOptions options{};
    bool operator==(const ChatRequest&) const = default;
};

struct TokenUsage {
    std::uint64_t input_tokens = 0;  ///< all that was read, cached ones included
    std::uint64_t output_tokens = 0;
    std::uint64_t cached_input_tokens = 0;
    std::uint64_t reasoning_tokens = 0;  ///< of the output
    bool operator==(const TokenUsage&) const = default;
};

struct ChatResult {
    std::string content{};
    std::string model{};          ///< as the provider names it
    std::string finish_reason{};  ///< stop | length | tool_calls | content_filter
    TokenUsage usage{};
    std::string refusal{};
    std::string reasoning{};  ///< the model's thoughts, where it shows them
    std::vector<ToolCall> tool_calls{};
    std::string logprobs{};  ///< JSON text in OpenAI's shape; empty: none
    std::string endpoint{};  ///< of the pool that answered; empty: unknown
    double cost = 0;         ///< by the prices of the configuration; 0: none are known
    bool operator==(const ChatResult&) const = default;
};

/// A piece of a call: `id` and `name` come with the first one, the arguments in pieces.
struct ToolCallDelta {
    std::size_t index = 0;  ///< which of the answer's calls
    std::string id{};
    std::string name{};
    std::string arguments{};
    bool operator==(const ToolCallDelta&) const = default;
};

/// What one piece of an answer adds. The pieces of an answer make up its ChatResult.
struct ChatDelta {
    std::string text{};
    std::string refusal{};
    std::string reasoning{};
    std::vector<ToolCallDelta> tool_calls{};
    std::string logprobs{};  ///< JSON text; empty: none

    [[nodiscard]] bool empty() const noexcept {
        return text.empty() && refusal.empty() && reasoning.empty() && tool_calls.empty() &&
               logprobs.empty();
    }
    bool operator==(const ChatDelta&) const = default;
};

/// Texts as vectors, for search by meaning.
struct EmbeddingRequest {
    std::string model{};
    std::vector<std::string> input{};           ///< 1..2,048 texts
    std::optional<std::uint32_t> dimensions{};  ///< not set: as many as the model has
    bool operator==(const EmbeddingRequest&) const = default;
};

struct EmbeddingResult {
    std::string model{};
    std::vector<std::vector<float>> vectors{};  ///< one for each text, in order
    std::uint64_t input_tokens = 0;
    bool operator==(const EmbeddingResult&) const = default;
};

}  // namespace baton
