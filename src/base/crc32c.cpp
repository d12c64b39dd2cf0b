#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace baton {
namespace {

static_assert(
    std::endian::native == std::endian::little, "eight bytes are taken as a little-endian word");

constexpr std::uint32_t polynomial = 0x82F63B78;  // of Castagnoli, bits reversed

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

/// Row k moves a byte past k further bytes, so that eight are taken at a time.
constexpr Table table = [] {
    Table rows{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t sum = byte;
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? polynomial : 0);
        rows[0][byte] = sum;
    }
    for (std::size_t k = 1; k < rows.size(); ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = rows[k - 1][byte];
            rows[k][byte] = (before >> 8) ^ rows[0][before & 0xFF];
        }
    }
    return rows;
}();

std::uint64_t load64(const char* from) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

using Function = std::uint32_t (*)(std::uint32_t, std::string_view) noexcept;

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(
    std::uint32_t sum, std::string_view data) noexcept {
    std::uint64_t state = ~sum;
    const char* at = data.data();
    const char* const end = at + data.size();
    for (; end - at >= 8; at += 8) state = _mm_crc32_u64(state, load64(at));
    auto rest = static_cast<std::uint32_t>(state);
    for (; at != end; ++at) rest = _mm_crc32_u8(rest, static_cast<unsigned char>(*at));
    return ~rest;
}
bool has_instruction() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__) && defined(__linux__)
__attribute__((target("+crc"))) std::uint32_t by_instruction(
    std::uint32_t sum, std::string_view data) noexcept {
    std::uint32_t state = ~sum;
    const char* at = data.data();
    const char* const end = at + data.size();
    for (; end - at >= 8; at += 8) state = __crc32cd(state, load64(at));
    for (; at != end; ++at) state = __crc32cb(state, static_cast<unsigned char>(*at));
    return ~state;
}
bool has_instruction() noexcept { return (::getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
constexpr Function by_instruction = crc32c_by_table;
bool has_instruction() noexcept { return false; }
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t sum, std::string_view data) noexcept {
    std::uint32_t state = ~sum;
    const char* at = data.data();
    const char* const end = at + data.size();
    for (; end - at >= 8; at += 8) {
        const std::uint64_t bytes = load64(at) ^ state;
        state = 0;
        for (std::size_t k = 0; k < 8; ++k) state ^= table[7 - k][(bytes >> (8 * k)) & 0xFF];
    }
    for (; at != end; ++at) {
        state = (state >> 8) ^ table[0][(state ^ static_cast<unsigned char>(*at)) & 0xFF];
    }
    return ~state;
}

std::uint32_t crc32c(std::uint32_t sum, std::string_view data) noexcept {
    static const Function best = has_instruction() ? by_instruction : crc32c_by_table;
    return best(sum, data);
}

}  // namespace baton
