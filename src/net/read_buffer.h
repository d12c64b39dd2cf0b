// Bytes that came from a socket and were not yet understood.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace baton::net {

/// A flat buffer: read at the front, filled at the end. Its user bounds it by refusing peers whose
/// unread bytes exceed a limit. Not thread-safe.
class ReadBuffer final {
public:
    [[nodiscard]] std::string_view view() const noexcept {
        return {data_.get() + begin_, end_ - begin_};
    }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

    /// Room for new bytes, at least one; `filled` makes them part of the view.
    [[nodiscard]] std::span<char> space() {
        if (empty()) begin_ = end_ = 0;
        if (end_ == capacity_ && begin_ > 0) {
            std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == capacity_) grow();
        return {data_.get() + end_, capacity_ - end_};
    }
    void filled(std::size_t size) noexcept { end_ += size; }
    void consume(std::size_t size) noexcept { begin_ += size; }

    /// Room for more at once: for peers that send faster than they are read. Only when empty.
    void widen() {
        if (empty() && capacity_ < wide_bytes) {
            capacity_ = wide_bytes;
            begin_ = end_ = 0;
            data_ = std::make_unique_for_overwrite<char[]>(wide_bytes);
        }
    }

    /// Gives memory back after an unusually long head; only when empty.
    void shrink() noexcept {
        if (capacity_ <= kept_bytes || !empty()) return;
        data_.reset();
        begin_ = end_ = capacity_ = 0;
    }

private:
    // A usual request fits; 20,000 idle connections hold 80 MB.
    static constexpr std::size_t first_bytes = 4'096;
    static constexpr std::size_t kept_bytes = 16'384;
    static constexpr std::size_t wide_bytes = 65'536;

    void grow() {
        const std::size_t size = capacity_ == 0 ? first_bytes : capacity_ * 2;
        auto data = std::make_unique_for_overwrite<char[]>(size);
        if (end_ > 0) std::memcpy(data.get(), data_.get(), end_);
        data_ = std::move(data);
        capacity_ = size;
    }

    std::unique_ptr<char[]> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace baton::net
