// A string that must not be seen: it prints as *** wherever it is formatted.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace baton {

/// Holds a key or password. Formatting, streaming and logging show ***; only `reveal()` gives the
/// text, so that a search for `reveal` finds every place where a secret leaves.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    bool operator==(const Secret&) const = default;

    friend std::ostream& operator<<(std::ostream& out, const Secret& secret) {
        return out << (secret.empty() ? "" : "***");
    }

private:
    std::string text_;
};

}  // namespace baton
