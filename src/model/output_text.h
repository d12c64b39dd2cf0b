// The output of an agent's run as a text: what readers put together, and what a run that is tried
// again adds to it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// An event that takes back: CAN (0x18) and the number of bytes of the text that stand. All other
/// events are pieces of text, which hold no CAN.
[[nodiscard]] std::string take_back_event(std::size_t bytes_kept);
/// The number; nothing when the event is a piece of text.
[[nodiscard]] std::optional<std::size_t> taken_back_to(std::string_view event);

/// Puts the events of an output, in order and from the first one on, together.
void add_output_event(std::string& text, std::string_view event);

/// What the tries of one run say: each says everything from the beginning, and readers have what
/// the earlier ones said. While a try says the same there is nothing to add; where it says
/// something else, the text is taken back to there. So readers have neither gap nor repeat. Pure.
class RetoldText final {
public:
    /// `told`: what readers have.
    explicit RetoldText(std::string told = {}) : told_(std::move(told)) {}

    /// Events to add, 0..2.
    [[nodiscard]] std::vector<std::string> say(std::string_view piece);
    /// The try has said all: what earlier ones said beyond it is taken back. Events, 0..1.
    [[nodiscard]] std::vector<std::string> end();

private:
    std::string told_;      ///< by earlier tries
    std::size_t said_ = 0;  ///< bytes of it that this try has said too
};

}  // namespace baton
