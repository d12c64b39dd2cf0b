#include "service/chat_merge.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace baton::service {
namespace {

std::unexpected<Error> began_anew() {
    return fail(Errc::conflict,
        "the answer was begun anew and differs from what was sent; fetch the chat by its id when "
        "it has ended");
}

}  // namespace

Result<std::string> ChatMerge::advance(Track& track, std::string_view piece) const {
    const std::size_t known = std::min(piece.size(), track.told.size() - track.said);
    if (piece.substr(0, known) != std::string_view(track.told).substr(track.said, known)) {
        return began_anew();
    }
    const std::string_view fresh = piece.substr(known);
    track.told += fresh;
    track.said += piece.size();
    return std::string(fresh);
}

Result<ChatDelta> ChatMerge::take(std::uint32_t attempt, const ChatDelta& delta) {
    if (attempt != attempt_) {
        // Calls have no order in which they could be compared piece by piece.
        if (calls_told_) return began_anew();
        attempt_ = attempt;
        text_.said = refusal_.said = reasoning_.said = 0;
    }
    ChatDelta fresh;
    BATON_TRY(fresh.text, advance(text_, delta.text));
    BATON_TRY(fresh.refusal, advance(refusal_, delta.refusal));
    BATON_TRY(fresh.reasoning, advance(reasoning_, delta.reasoning));
    fresh.tool_calls = delta.tool_calls;
    calls_told_ = calls_told_ || !delta.tool_calls.empty();
    if (!fresh.text.empty()) fresh.logprobs = delta.logprobs;
    return fresh;
}

Result<void> ChatMerge::end() const {
    for (const Track* track : {&text_, &refusal_, &reasoning_}) {
        if (track->said != track->told.size()) return began_anew();
    }
    return {};
}

}  // namespace baton::service
