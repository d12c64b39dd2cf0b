// Numbers and strings as little-endian bytes: writing without checks, reading with one at the end.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace baton {

[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) noexcept {
    return (value + step - 1) / step * step;
}

/// Bytes that grow without being cleared first. Keeps its memory for the next use.
class Buffer {
public:
    /// `size` more bytes, not initialised.
    char* extend(std::size_t size) {
        if (size_ + size > capacity_) grow(size_ + size);
        char* const at = data_.get() + size_;
        size_ += size;
        return at;
    }
    void clear() noexcept { size_ = 0; }
    /// Gives memory back when it holds more than `kept` bytes.
    void shrink(std::size_t kept) {
        if (capacity_ <= kept) return;
        data_.reset();
        size_ = capacity_ = 0;
    }

    [[nodiscard]] char* data() noexcept { return data_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }

private:
    void grow(std::size_t least) {
        const std::size_t capacity = std::max<std::size_t>({least, capacity_ * 2, 4096});
        auto data = std::make_unique_for_overwrite<char[]>(capacity);
        if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
        data_ = std::move(data);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

template <std::unsigned_integral T>
[[nodiscard]] T load(const char* from) noexcept {
    T value{};
    std::memcpy(&value, from, sizeof(T));
    return value;
}
template <std::unsigned_integral T>
void store(char* to, T value) noexcept {
    std::memcpy(to, &value, sizeof(T));
}

/// Bytes of `value` as a `number` below.
[[nodiscard]] constexpr std::size_t number_size(std::uint64_t value) noexcept {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// Writes into memory that is large enough; its maker has counted.
class ByteWriter {
public:
    explicit ByteWriter(char* at) : at_(at) {}

    ByteWriter& u8(std::uint8_t value) { return put(value); }
    ByteWriter& u32(std::uint32_t value) { return put(value); }
    ByteWriter& u64(std::uint64_t value) { return put(value); }
    ByteWriter& i64(std::int64_t value) { return put(static_cast<std::uint64_t>(value)); }
    ByteWriter& size(std::size_t value) { return put(static_cast<std::uint32_t>(value)); }
    ByteWriter& bytes(std::string_view data) {
        if (!data.empty()) std::memcpy(at_, data.data(), data.size());
        at_ += data.size();
        return *this;
    }
    /// LEB128: seven bits a byte, the lowest first; 1 to 10 bytes (number_size).
    ByteWriter& number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) put(static_cast<std::uint8_t>(value | 0x80));
        return put(static_cast<std::uint8_t>(value));
    }
    /// u32 length, then the bytes.
    ByteWriter& text(std::string_view data) { return size(data.size()).bytes(data); }
    ByteWriter& zeros(std::size_t count) {
        std::memset(at_, 0, count);
        at_ += count;
        return *this;
    }

    [[nodiscard]] char* at() const noexcept { return at_; }

private:
    template <std::unsigned_integral T>
    ByteWriter& put(T value) {
        store(at_, value);
        at_ += sizeof(T);
        return *this;
    }

    char* at_;
};

/// Reads what may be anything. After the first read past the end all values are zero and empty, and
/// `ok` is false.
class ByteReader {
public:
    explicit ByteReader(std::string_view data) : rest_(data) {}

    std::uint8_t u8() { return take<std::uint8_t>(); }
    std::uint32_t u32() { return take<std::uint32_t>(); }
    std::uint64_t u64() { return take<std::uint64_t>(); }
    std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) {
            fail();
            return {};
        }
        const auto found = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return found;
    }
    std::string_view text() { return bytes(u32()); }
    /// As ByteWriter::number wrote it, in as few bytes as it takes; anything else fails.
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = u8();
            const std::uint64_t bits = byte & 0x7FU;
            const bool too_large = shift == 63 && bits > 1;
            const bool too_long = shift > 0 && byte == 0;
            if (!ok_ || too_large || too_long) break;
            value |= bits << shift;
            if (byte < 0x80) return value;
        }
        fail();
        return 0;
    }

    /// What was read makes no sense: as if the end had been passed.
    void fail() noexcept {
        ok_ = false;
        rest_ = {};
    }
    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    /// Everything was read, and nothing more than that.
    [[nodiscard]] bool ended() const noexcept { return ok_ && rest_.empty(); }

private:
    template <std::unsigned_integral T>
    T take() {
        const auto found = bytes(sizeof(T));
        return found.empty() ? T{} : load<T>(found.data());
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace baton
