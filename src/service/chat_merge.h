// One answer out of several attempts at it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/chat.h"

namespace baton::service {

/// A chat that is tried again begins its answer anew, and readers have its beginning already. As
/// long as the new attempt says the same again (as a model without chance does), it is swallowed
/// and the answer goes on where it was; when it says something else, there is no whole answer to
/// be had of this stream.
class ChatMerge {
public:
    /// What a delta of the `attempt`-th delivery adds to what was told; may be empty.
    /// Fails: conflict, when the attempt says something else than earlier ones.
    [[nodiscard]] Result<ChatDelta> take(std::uint32_t attempt, const ChatDelta& delta);

    /// The answer has ended. Fails: conflict, when it is shorter than what was told.
    [[nodiscard]] Result<void> end() const;

private:
    struct Track {
        std::string told{};    ///< what readers have
        std::size_t said = 0;  ///< how much of it this attempt has said
    };
    /// The part of `piece` that is new.
    [[nodiscard]] Result<std::string> advance(Track& track, std::string_view piece) const;

    std::uint32_t attempt_ = 0;
    Track text_;
    Track refusal_;
    Track reasoning_;
    bool calls_told_ = false;
};

}  // namespace baton::service
