// What the codec of one provider does: an event of its stream, or a whole answer, in our terms.
#pragma once

#include <string_view>

#include "base/result.h"
#include "llm/answer_builder.h"
#include "llm/sse_parser.h"

namespace baton::llm {

/// Reads one answer. Pure; one per answer. Failures: provider_protocol (what is no event of this
/// provider), and what an error in it stands for.
class AnswerReader {
public:
    virtual ~AnswerReader() = default;

    /// An event of the stream; of a stream of lines, `data` is the line.
    [[nodiscard]] virtual Result<Piece> read_event(const SseEvent& event) = 0;

    /// The answer of a server that does not stream.
    [[nodiscard]] virtual Result<Piece> read_whole(std::string_view body) = 0;
};

}  // namespace baton::llm
