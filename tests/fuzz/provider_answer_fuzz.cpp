// libFuzzer: whatever a provider sends, its answer is read without harm, the same however it is
// cut, and what was streamed makes up the result. Needs clang: -fsanitize=fuzzer,address,undefined.
// Seeds: tests/fuzz/corpus/provider_answer. The first byte says whose answer it is, of which
// content type and status, and how it is cut.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "llm/anthropic/message_reader.h"
#include "llm/chat_exchange.h"
#include "llm/ollama/ollama_codec.h"
#include "llm/openai/chat_codec.h"
#include "llm/openai/responses_codec.h"

namespace {

using namespace baton;

constexpr TimePoint now = from_unix_ms(1'700'000'000'000);

struct Plan {
    unsigned provider = 0;  ///< 0 OpenAI, 1 Anthropic, 2 Anthropic answering by tool, 3 Ollama,
                            ///< 4 OpenAI's responses
    unsigned type = 0;      ///< of the content, 0: none
    bool refused = false;
    bool cut = false;  ///< the transfer ends with an error
};

std::unique_ptr<llm::AnswerReader> reader_of(const Plan& plan) {
    const Secret key("sk-0123456789");
    switch (plan.provider) {
        case 0: return std::make_unique<llm::ChatCompletionReader>(key);
        case 3: return std::make_unique<llm::OllamaReader>(key);
        case 4: return std::make_unique<llm::ResponsesReader>(key);
        default: return std::make_unique<llm::MessageReader>(key, plan.provider == 2);
    }
}

/// What a reader of the stream puts together.
void append(ChatResult& to, const ChatDelta& delta) {
    if (delta.empty()) std::abort();
    to.content += delta.text;
    to.refusal += delta.refusal;
    to.reasoning += delta.reasoning;
    for (const auto& call : delta.tool_calls) {
        if (call.index > to.tool_calls.size()) std::abort();
        if (call.index == to.tool_calls.size()) to.tool_calls.emplace_back();
        auto& known = to.tool_calls[call.index];
        known.id += call.id;
        known.name += call.name;
        known.arguments += call.arguments;
    }
}

struct Outcome {
    Result<ChatResult> result = std::unexpected(Error{});
    ChatResult streamed{};
    bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view text, std::size_t step, const Plan& plan) {
    constexpr std::array<const char*, 4> types{
        "", "text/event-stream", "application/json", "application/x-ndjson"};
    Outcome outcome;
    const llm::ChatSink sink = [&](const ChatDelta& delta) { append(outcome.streamed, delta); };
    const auto framing = plan.provider == 3 ? llm::Framing::lines : llm::Framing::events;
    llm::ChatExchange exchange({.key = Secret("sk-0123456789"), .framing = framing},
        reader_of(plan), sink, [](const llm::RateReport&) {});
    net::Response head;
    head.status = plan.refused ? 400 : 200;
    head.fields.set("content-type", types.at(plan.type));
    exchange.begin(head, now);
    while (!text.empty()) {
        const auto piece = text.substr(0, step);
        text.remove_prefix(piece.size());
        if (!exchange.take(piece)) break;
    }
    llm::TransferEnd end{.at = now};
    if (plan.cut) end.error = Error{.code = Errc::connection_failed, .detail = "reset"};
    outcome.result = exchange.end(end);
    return outcome;
}

void check(const Outcome& outcome) {
    if (!outcome.result) {
        if (!is_utf8(outcome.result.error().detail)) std::abort();
        return;
    }
    const auto& result = *outcome.result;
    const auto& said = outcome.streamed;
    if (result.content != said.content || result.refusal != said.refusal ||
        result.reasoning != said.reasoning || result.tool_calls != said.tool_calls) {
        std::abort();
    }
    if (!is_utf8(result.content) || !is_utf8(result.model) || result.finish_reason.empty()) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Plan plan{.provider = data[0] % 5U,
        .type = (data[0] / 5U) % 4U,
        .refused = data[0] >= 240,
        .cut = (data[0] / 20U) % 2U == 1};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Outcome whole = read(text, text.size() + 1, plan);
    check(whole);
    const std::size_t step = 2 + data[0] % 13U;
    if (!(read(text, step, plan) == whole) || !(read(text, 1, plan) == whole)) std::abort();
    return 0;
}
