#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/core.h>

namespace baton::cli {
namespace {

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

}  // namespace

std::string styled(bool colours, Style style, std::string_view text) {
    constexpr std::array<std::string_view, 6> codes{"0", "1", "2", "31", "32", "33"};
    if (!colours || style == Style::plain) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<std::size_t>(style)], text);
}

Table::Table(std::vector<std::string> headings) {
    for (auto& heading : headings) {
        right_.push_back(heading.starts_with('>'));
        headings_.push_back(right_.back() ? heading.substr(1) : std::move(heading));
    }
}

void Table::add(std::vector<std::string> row) {
    row.resize(headings_.size());
    rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, bool colours) const {
    std::vector<std::size_t> widths;
    for (const auto& heading : headings_) widths.push_back(character_count(heading));
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], character_count(row[i]));
        }
    }
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string space(widths[i] - character_count(cells[i]), ' ');
            text += right_[i] ? space + cells[i] : cells[i] + space;
            text += "  ";
        }
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    };
    out << styled(colours, Style::bold, line(headings_)) << '\n';
    for (const auto& row : rows_) out << line(row) << '\n';
}

void Progress::show(std::string_view what) {
    if (!terminal_.err_is_tty) return;
    const auto passed = std::chrono::steady_clock::now() - begin_;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(passed).count();
    terminal_.err << "\r\x1b[K"
                  << styled(terminal_.colours, Style::dim, fmt::format("{} … {} s", what, seconds))
                  << std::flush;
    shown_ = true;
}

void Progress::clear() {
    if (shown_) terminal_.err << "\r\x1b[K" << std::flush;
    shown_ = false;
}

std::string shortened(std::string_view text, std::size_t width) {
    std::string result;
    std::size_t count = 0;
    for (const char byte : text) {
        if (begins_character(byte) && ++count > width) {
            while (!result.empty() && !begins_character(result.back())) result.pop_back();
            if (!result.empty()) result.pop_back();
            return result + "…";
        }
        const bool control = static_cast<unsigned char>(byte) < 0x20;
        result += control ? ' ' : byte;
    }
    return result;
}

}  // namespace baton::cli
