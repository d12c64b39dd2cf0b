#include "model/output_text.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/core.h>

namespace baton {
namespace {

constexpr char mark = '\x18';

bool is_inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string take_back_event(std::size_t bytes_kept) {
    return fmt::format("{}{}", mark, bytes_kept);
}

std::optional<std::size_t> taken_back_to(std::string_view event) {
    if (event.empty() || event.front() != mark) return std::nullopt;
    event.remove_prefix(1);
    std::size_t kept = 0;
    const auto [end, error] = std::from_chars(event.data(), event.data() + event.size(), kept);
    if (error != std::errc() || end != event.data() + event.size()) return std::nullopt;
    return kept;
}

void add_output_event(std::string& text, std::string_view event) {
    const auto kept = taken_back_to(event);
    if (!kept) {
        text += event;
    } else if (*kept < text.size()) {
        text.resize(*kept);
    }
}

std::vector<std::string> RetoldText::say(std::string_view piece) {
    std::string text(piece);
    std::erase(text, mark);
    const std::string_view rest = std::string_view(told_).substr(said_);
    const auto [ours, theirs] = std::ranges::mismatch(text, rest);
    const auto same = static_cast<std::size_t>(ours - text.begin());
    std::vector<std::string> events;
    if (same == text.size()) {
        said_ += same;
        return events;
    }
    if (same < rest.size()) {
        // Between characters, so that every event is text.
        std::size_t kept = said_ + same;
        while (kept > 0 && is_inside_character(told_[kept])) --kept;
        events.push_back(take_back_event(kept));
        events.push_back(told_.substr(kept, said_ + same - kept) + text.substr(same));
        told_.resize(kept);
        said_ = kept;
    } else {
        said_ += same;
        events.push_back(text.substr(same));
    }
    return events;
}

std::vector<std::string> RetoldText::end() {
    if (said_ == told_.size()) return {};
    return {take_back_event(said_)};
}

}  // namespace baton
