// Payloads: immutable bytes, shared and never copied along their way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace baton {

/// Immutable bytes with shared ownership. Copying copies a pointer. Safe to read from any thread.
class Bytes {
public:
    Bytes() = default;
    /// Takes `data` over.
    explicit Bytes(std::string data) {
        if (data.empty()) return;
        const auto owner = std::make_shared<const std::string>(std::move(data));
        *this = Bytes({owner, owner->data()}, owner->size(), false);
    }
    /// In one block of their own, whatever memory `data` stands in.
    [[nodiscard]] static Bytes copy_of(std::string_view data) {
        if (data.empty()) return {};
        const auto block = std::make_shared_for_overwrite<char[]>(data.size());
        std::memcpy(block.get(), data.data(), data.size());
        return Bytes({block, block.get()}, data.size(), false);
    }

    [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// The same bytes, and no memory held beyond them: for those who keep them.
    [[nodiscard]] Bytes alone() const { return is_part_ ? copy_of(view()) : *this; }

    bool operator==(const Bytes& other) const noexcept { return view() == other.view(); }

private:
    friend class BytesBlocks;

    Bytes(std::shared_ptr<const char> data, std::size_t size, bool is_part)
        : data_(std::move(data)), size_(size & size_max), is_part_(is_part) {}

    static constexpr std::size_t size_max = SIZE_MAX / 2;

    std::shared_ptr<const char> data_;
    std::size_t size_ : 63 = 0;
    /// Others stand in the same block, which lives as long as any of them.
    bool is_part_ : 1 = false;
};

/// Makes many small Bytes with few allocations: those of one batch, which mostly go together.
/// Whoever keeps one of them alone keeps `alone()`.
class BytesBlocks {
public:
    /// A copy of `data`; long ones get a block of their own.
    [[nodiscard]] Bytes add(std::string_view data) {
        if (data.empty() || data.size() > part_max) return Bytes::copy_of(data);
        if (data.size() > left_) {
            block_ = std::make_shared_for_overwrite<char[]>(block_size);
            next_ = block_.get();
            left_ = block_size;
        }
        std::memcpy(next_, data.data(), data.size());
        const Bytes bytes({block_, next_}, data.size(), true);
        next_ += data.size();
        left_ -= data.size();
        return bytes;
    }

private:
    static constexpr std::size_t block_size = 32'000;
    static constexpr std::size_t part_max = 4'000;

    std::shared_ptr<char[]> block_;
    char* next_ = nullptr;
    std::size_t left_ = 0;
};

}  // namespace baton
