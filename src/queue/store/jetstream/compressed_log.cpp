#include "queue/store/jetstream/compressed_log.h"

#include <new>
#include <utility>
#include <zstd.h>

#include <fmt/core.h>

#include "base/byte_codec.h"

namespace baton::queue {
namespace {

/// The fastest that compresses at all well: an entry is waited for.
constexpr int level = 1;
/// One large entry does not keep its memory.
constexpr std::size_t buffer_kept = std::size_t{16} * 1024 * 1024;

template <class T>
T* allocated(T* context) {
    if (context == nullptr) throw std::bad_alloc();
    return context;
}

class Compressor {
public:
    /// The frame holds until the next call.
    Result<std::string_view> compress(std::string_view entry) {
        if (entry.size() > compressed_entry_max) {
            return fail(
                Errc::message_too_large, fmt::format("an entry of {} bytes; the log takes {}",
                                             entry.size(), compressed_entry_max));
        }
        frame_.clear();
        const auto size_max = ZSTD_compressBound(entry.size());
        char* const frame = frame_.extend(size_max);
        const auto size =
            ZSTD_compressCCtx(context_.get(), frame, size_max, entry.data(), entry.size(), level);
        if (ZSTD_isError(size) != 0) {
            return fail(Errc::unavailable,
                fmt::format("an entry cannot be compressed: {}", ZSTD_getErrorName(size)));
        }
        return std::string_view(frame, size);
    }
    /// The frame is not needed any more.
    void shrink() { frame_.shrink(buffer_kept); }

private:
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_{
        allocated(ZSTD_createCCtx()), &ZSTD_freeCCtx};
    Buffer frame_;
};

class Decompressor {
public:
    /// The entry holds until the next call, and as long as `stored`.
    Result<std::string_view> decompress(std::uint64_t number, std::string_view stored) {
        const bool is_frame = stored.size() >= sizeof(std::uint32_t) &&
                              load<std::uint32_t>(stored.data()) == ZSTD_MAGICNUMBER;
        if (!is_frame) return stored;
        const auto size = ZSTD_getFrameContentSize(stored.data(), stored.size());
        // Also what zstd answers for "unknown" and "error".
        if (size > compressed_entry_max) return damaged(number, "says no size, or too large a one");
        if (ZSTD_findFrameCompressedSize(stored.data(), stored.size()) != stored.size()) {
            return damaged(number, "not one whole frame");
        }
        entry_.clear();
        char* const entry = entry_.extend(size);
        const auto done =
            ZSTD_decompressDCtx(context_.get(), entry, size, stored.data(), stored.size());
        if (ZSTD_isError(done) != 0) return damaged(number, ZSTD_getErrorName(done));
        if (done != size) return damaged(number, "is shorter than it says");
        return std::string_view(entry, size);
    }

private:
    static std::unexpected<Error> damaged(std::uint64_t number, std::string_view what) {
        return fail(Errc::storage_corrupt,
            fmt::format("entry {} of the log, compressed: {}", number, what));
    }

    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_{
        allocated(ZSTD_createDCtx()), &ZSTD_freeDCtx};
    Buffer entry_;
};

class CompressedLog final : public SharedLog {
public:
    explicit CompressedLog(std::unique_ptr<SharedLog> log) : log_(std::move(log)) {}

    Result<Bounds> look() override { return log_->look(); }
    Result<Bounds> take_over() override { return log_->take_over(); }
    Result<void> read(std::uint64_t from, const Visit& visit) override {
        Decompressor decompressor;  // logs are seldom read, and then to their end
        return log_->read(from, [&](std::uint64_t number, std::string_view stored) -> Result<void> {
            BATON_TRY(const auto entry, decompressor.decompress(number, stored));
            return visit(number, entry);
        });
    }
    std::uint64_t room() const override { return log_->room(); }
    Result<void> append(std::uint64_t number, std::string_view entry) override {
        BATON_TRY(const auto frame, compressor_.compress(entry));
        auto added = log_->append(number, frame);
        compressor_.shrink();
        return added;
    }
    Result<void> release_before(std::uint64_t number) override {
        return log_->release_before(number);
    }

private:
    const std::unique_ptr<SharedLog> log_;
    Compressor compressor_;
};

}  // namespace

std::unique_ptr<SharedLog> make_compressed_log(std::unique_ptr<SharedLog> log) {
    return std::make_unique<CompressedLog>(std::move(log));
}

}  // namespace baton::queue
