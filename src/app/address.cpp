#include "app/address.h"

#include <arpa/inet.h>

#include <fmt/core.h>

namespace baton::app {

bool is_loopback(std::string_view host) {
    in_addr address{};
    const bool v4 = ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
    return host == "localhost" || host == "::1" || (v4 && ntohl(address.s_addr) >> 24 == 127);
}

std::string address_text(std::string_view host, std::uint16_t port) {
    return host.contains(':') ? fmt::format("[{}]:{}", host, port)
                              : fmt::format("{}:{}", host, port);
}

std::string reach_text(std::string_view host, std::uint16_t port) {
    if (host == "0.0.0.0") return address_text("127.0.0.1", port);
    if (host == "::") return address_text("::1", port);
    return address_text(host, port);
}

}  // namespace baton::app
