#include "dispatch/telling.h"

#include <cstddef>
#include <span>

namespace baton::dispatch {
namespace {

/// Of one event's pieces together, about: far below what a queue takes as one event.
constexpr std::size_t event_bytes_max = 64 * 1024;

std::size_t size_of(const ChatDelta& delta) noexcept {
    std::size_t size =
        delta.text.size() + delta.refusal.size() + delta.reasoning.size() + delta.logprobs.size();
    for (const auto& call : delta.tool_calls) size += call.name.size() + call.arguments.size();
    return size;
}

}  // namespace

void WaitingText::queue(std::vector<std::string> events) {
    for (auto& event : events) {
        const bool joins =
            !events_.empty() && !taken_back_to(events_.back()) && !taken_back_to(event);
        if (joins) {
            events_.back() += event;
        } else {
            events_.push_back(std::move(event));
        }
    }
}

Bytes WaitingText::take() {
    Bytes event(std::move(events_.front()));
    events_.erase(events_.begin());
    return event;
}

Bytes WaitingPieces::take() {
    std::size_t count = 1;
    std::size_t bytes = size_of(pieces_.front());
    for (; count < pieces_.size(); ++count) {
        bytes += size_of(pieces_[count]);
        if (bytes > event_bytes_max) break;
    }
    auto event = to_output_event(std::span<const ChatDelta>(pieces_).first(count));
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(count));
    return event;
}

}  // namespace baton::dispatch
