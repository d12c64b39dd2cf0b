// Payloads: immutable bytes, shared and never copied along their way.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace baton {

/// Immutable bytes with shared ownership. Copying copies a pointer. Safe to read from any thread.
class Bytes {
public:
    Bytes() = default;
    explicit Bytes(std::string data)
        : data_(data.empty() ? nullptr : std::make_shared<const std::string>(std::move(data))) {}

    [[nodiscard]] std::string_view view() const noexcept {
        return data_ ? std::string_view(*data_) : std::string_view();
    }
    [[nodiscard]] std::size_t size() const noexcept { return data_ ? data_->size() : 0; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    bool operator==(const Bytes& other) const noexcept { return view() == other.view(); }

private:
    std::shared_ptr<const std::string> data_;
};

}  // namespace baton
