// Where the CLI reads and writes, and how: colours and progress for people, plain lines for
// programs.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace baton::cli {

/// Streams and what is known of them. The streams must outlive it. One thread.
struct Terminal {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool in_is_tty = false;
    bool out_is_tty = false;
    bool err_is_tty = false;
    bool colours = false;  ///< where the stream is a tty
};

enum class Style { plain, bold, dim, red, green, yellow };

/// `text` in a style, when colours are wanted on that stream.
[[nodiscard]] std::string styled(bool colours, Style style, std::string_view text);

/// Rows under headings, columns aligned. Widths count characters, not bytes.
class Table final {
public:
    /// A heading that begins with '>' is a column of numbers, aligned right.
    explicit Table(std::vector<std::string> headings);
    void add(std::vector<std::string> row);
    void print(std::ostream& out, bool colours) const;

private:
    std::vector<std::string> headings_;
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

/// One line on a terminal that says what is being waited for and for how long; nothing elsewhere.
class Progress final {
public:
    explicit Progress(Terminal& terminal) : terminal_(terminal) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::string_view what);
    void clear();

private:
    Terminal& terminal_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    bool shown_ = false;
};

/// At most `width` characters, the last an ellipsis when something was cut; line ends become
/// spaces.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

}  // namespace baton::cli
