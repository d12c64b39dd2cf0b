// A TCP proxy on loopback that can fail like a network: the kernels we run on have no netem, and a
// killed process is not a lost one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace baton::test {

/// What a proxy does with the bytes of its connections.
enum class Link {
    pass,   ///< hands them on
    drip,   ///< hands them on one byte at a time, each in a segment of its own
    hold,   ///< nothing moves, nobody is told; what waits goes on when the link passes again
    reset,  ///< open connections are reset, new ones too
};

/// Listens on 127.0.0.1 and connects each client to `target` on 127.0.0.1. Works in a thread of its
/// own; all methods may be called from any thread. Destruction closes everything.
class FaultProxy final {
public:
    /// `target` may be set or changed later; 0: none yet, and connections are reset.
    /// Throws std::system_error when there is no free port.
    explicit FaultProxy(std::uint16_t target = 0);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    /// Where to connect.
    [[nodiscard]] std::uint16_t port() const noexcept;

    /// For connections from now on.
    void set_target(std::uint16_t port);
    /// In force when it returns: no byte is on its way inside the proxy that the new state forbids.
    void set_link(Link link);
    /// The link becomes `hold` as soon as `bytes` more have gone to the target, over all
    /// connections: a cut at the same byte in each run. Setting the link takes it back.
    void hold_after(std::uint64_t bytes);

    [[nodiscard]] Link link() const;
    /// What has gone to the target since the proxy is there.
    [[nodiscard]] std::uint64_t bytes_to_target() const;
    /// Connections that no client has ended or broken.
    [[nodiscard]] std::size_t clients() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::test
