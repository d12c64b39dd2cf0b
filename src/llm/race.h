// Two attempts at one chat: the one that begins to answer first goes on, the other is called off.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "llm/attempt.h"
#include "llm/provider.h"

namespace baton::llm {

/// What a race needs beside its first attempt.
struct RaceRules {
    Duration patience{0};  ///< silence of the first attempt after which the second begins; > 0
    /// The second attempt; empty when there is none.
    std::function<std::unique_ptr<Attempt>()> second{};
};

/// Runs a chat on `providers[attempt's endpoint]`, and a second one when the first is silent for
/// too long. Returns the answer of the one that began first, or, when none did, an error; every
/// attempt is settled. `has_spoken` of the result: whether pieces went to `sink`.
struct RaceEnd {
    Result<ChatResult> result{};
    std::size_t endpoint = 0;
    bool has_spoken = false;
};
[[nodiscard]] Task<RaceEnd> race(Attempt& first, RaceRules rules,
    const std::vector<Provider*>& providers, const ChatRequest& request, ChatSink sink,
    Deadline deadline);

/// One attempt alone: its error goes into its settlement.
[[nodiscard]] Task<Result<ChatResult>> ask_one(
    Attempt& attempt, Provider& provider, ChatRequest request, ChatSink sink, Deadline deadline);

}  // namespace baton::llm
