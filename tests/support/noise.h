// Bytes that nothing compresses, the same for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace baton::test {

[[nodiscard]] inline std::string noise(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 numbers(seed);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(numbers() >> 56);
    return bytes;
}

}  // namespace baton::test
