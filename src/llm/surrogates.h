// Characters that a server cut in two: some count in UTF-16 units and send half a character per
// chunk.
#pragma once

#include <string>
#include <string_view>

namespace baton::llm {

/// The JSON text with each unpaired surrogate escape (`\ud83c`, which no strict parser takes) as
/// the three bytes that its number would have in UTF-8, so that a parser can hand it on and
/// SurrogateJoiner put it together.
[[nodiscard]] std::string unescape_lone_surrogates(std::string_view json);

/// Makes text of pieces with halves in them: a first half is kept back until the next piece brings
/// the second; one that stays alone becomes U+FFFD. What had no halves comes out as it went in.
class SurrogateJoiner {
public:
    [[nodiscard]] std::string join(std::string_view piece);

    /// What is left at the end.
    [[nodiscard]] std::string finish();

private:
    std::string kept_;  ///< a first half, three bytes
};

}  // namespace baton::llm
