// A port for a server that can't take one by itself.
#pragma once

#include <cstdint>

namespace baton::test {

/// A port on 127.0.0.1 that nobody has now. Below the range that the kernel gives to connections,
/// so none takes it before the server does or while the server is down; another test may.
/// Throws std::runtime_error when there is none.
[[nodiscard]] std::uint16_t free_port();

}  // namespace baton::test
