// A provider that does what the test tells it to.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "llm/provider.h"

namespace baton::test {

/// Takes one step of its script per chat; without a script it answers "fake answer". Use on one
/// executor.
class FakeProvider final : public llm::Provider {
public:
    using Step = std::function<Task<Result<ChatResult>>(ChatRequest, llm::ChatSink, Deadline)>;

    std::deque<Step> script;
    /// Every request, in order.
    std::vector<ChatRequest> requests;
    /// Reported with the next chat, then forgotten.
    std::optional<llm::RateReport> rate;
    /// What `models` fails with, while it is set.
    std::optional<Error> models_error;
    /// How often `models` was asked; may be read from any thread.
    std::atomic<std::uint32_t> probes = 0;
    /// Chats that were called off while they ran.
    std::uint32_t cancelled = 0;

    /// Steps: answers in two pieces, fails, or hangs until the deadline or until it is cancelled.
    [[nodiscard]] static Step answer(std::string text);
    [[nodiscard]] static Step error(
        Errc code, std::string detail, std::chrono::milliseconds retry_after = {});
    [[nodiscard]] Step hang();
    /// Says the text (which may be empty), then wants tools.
    [[nodiscard]] static Step call(std::vector<ToolCall> calls, std::string text = {});

    Task<Result<ChatResult>> chat(
        ChatRequest request, llm::ChatSink sink, llm::RateSink on_rate, Deadline deadline) override;
    Task<Result<EmbeddingResult>> embed(EmbeddingRequest request, Deadline deadline) override;
    Task<Result<std::vector<std::string>>> models(Deadline deadline) override;
    std::string_view kind() const noexcept override { return "fake"; }
};

}  // namespace baton::test
