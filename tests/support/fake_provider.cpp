#include "support/fake_provider.h"

#include <utility>

#include <boost/system/system_error.hpp>

#include "runtime/event.h"

namespace baton::test {
namespace {

Task<Result<ChatResult>> answer_with(std::string text, ChatRequest request, llm::ChatSink sink) {
    if (sink) {
        const std::size_t half = text.size() / 2;
        sink({.text = text.substr(0, half)});
        sink({.text = text.substr(half)});
    }
    ChatResult result{.content = std::move(text),
        .model = std::move(request.model),
        .finish_reason = "stop",
        .usage = {.input_tokens = 7, .output_tokens = 3}};
    co_return result;
}

Task<Result<ChatResult>> call_with(
    std::vector<ToolCall> calls, std::string text, ChatRequest request, llm::ChatSink sink) {
    if (sink && !text.empty()) sink({.text = text});
    ChatResult result{.content = std::move(text),
        .model = std::move(request.model),
        .finish_reason = "tool_calls",
        .usage = {.input_tokens = 7, .output_tokens = 3},
        .tool_calls = std::move(calls)};
    co_return result;
}

Task<Result<ChatResult>> fail_with(Error error) { co_return fail(std::move(error)); }

Task<Result<ChatResult>> hang_until(Deadline deadline, std::uint32_t& cancelled) {
    try {
        co_await sleep_until(deadline);
    } catch (const boost::system::system_error&) {
        ++cancelled;
        throw;
    }
    co_return fail(Errc::deadline_exceeded, "the fake model thought too long");
}

}  // namespace

FakeProvider::Step FakeProvider::answer(std::string text) {
    return [text = std::move(text)](ChatRequest request, llm::ChatSink sink, Deadline) {
        return answer_with(text, std::move(request), std::move(sink));
    };
}

FakeProvider::Step FakeProvider::call(std::vector<ToolCall> calls, std::string text) {
    return
        [calls = std::move(calls), text = std::move(text)](ChatRequest request, llm::ChatSink sink,
            Deadline) { return call_with(calls, text, std::move(request), std::move(sink)); };
}

FakeProvider::Step FakeProvider::error(
    Errc code, std::string detail, std::chrono::milliseconds retry_after) {
    const Error error{.code = code, .detail = std::move(detail), .retry_after = retry_after};
    return [error](ChatRequest, llm::ChatSink, Deadline) { return fail_with(error); };
}

FakeProvider::Step FakeProvider::hang() {
    return [this](ChatRequest, llm::ChatSink, Deadline deadline) {
        return hang_until(deadline, cancelled);
    };
}

Task<Result<ChatResult>> FakeProvider::chat(
    ChatRequest request, llm::ChatSink sink, llm::RateSink on_rate, Deadline deadline) {
    requests.push_back(request);
    if (const auto report = std::exchange(rate, std::nullopt); report && on_rate) on_rate(*report);
    Step step = answer("fake answer");
    if (!script.empty()) {
        step = std::move(script.front());
        script.pop_front();
    }
    auto result = co_await step(std::move(request), std::move(sink), deadline);
    co_return result;
}

Task<Result<EmbeddingResult>> FakeProvider::embed(EmbeddingRequest request, Deadline) {
    EmbeddingResult result{.model = std::move(request.model)};
    for (const auto& text : request.input) {
        result.vectors.push_back({static_cast<float>(text.size()), 0.5F});
    }
    co_return result;
}

Task<Result<std::vector<std::string>>> FakeProvider::models(Deadline) {
    ++models_asked;
    if (models_error) co_return fail(*models_error);
    co_return std::vector<std::string>{"fake"};
}

}  // namespace baton::test
