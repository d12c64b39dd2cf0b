// Addresses of listeners, as the daemon writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace baton::app {

/// Whether only this machine reaches a listener on `host`.
[[nodiscard]] bool is_loopback(std::string_view host);

/// "127.0.0.1:8080", "[::1]:8080"
[[nodiscard]] std::string address_text(std::string_view host, std::uint16_t port);

/// How this machine reaches a listener: one on every address is reached on the loopback one.
[[nodiscard]] std::string reach_text(std::string_view host, std::uint16_t port);

}  // namespace baton::app
