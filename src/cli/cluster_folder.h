// The folder of a development cluster and what it remembers: which processes there are, on which
// ports, with which passwords. They outlive the commands that start and end them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "runtime/deadline.h"

namespace baton::cli {

/// A process of the cluster. A value.
struct ClusterProcess {
    std::string name;           ///< "n1" to "n3": nats-server; "d1" …: batond
    pid_t pid = 0;              ///< 0: never started
    std::uint64_t started = 0;  ///< ticks from boot to its start: a pid alone is given out again
    std::uint16_t port = 0;     ///< of clients: NATS, or HTTP
    std::uint16_t monitor_port = 0;  ///< HTTP of nats-server, metrics of batond
    std::uint16_t route_port = 0;    ///< nats-server only

    [[nodiscard]] bool is_nats() const { return name.starts_with('n'); }
    /// Whether just this process is there, whatever its state.
    [[nodiscard]] bool running() const;
    /// Takes down who `pid` is now.
    void set_pid(pid_t pid_in);
    /// Fails: not_found when it does not run, permission_denied.
    [[nodiscard]] Result<void> send_signal(int signal) const;
    /// False when the time is over.
    [[nodiscard]] bool wait_end(Deadline deadline) const;
};

struct ClusterState {
    std::vector<ClusterProcess> processes;  ///< nodes, then daemons
    std::string password;                   ///< of the user batond
    std::string admin_password;
    std::string system_password;
    std::string route_password;

    [[nodiscard]] ClusterProcess* find(std::string_view name);
};

/// One folder, locked while the object lives, so that two commands do not mix.
class ClusterFolder final {
public:
    /// `make`: also when there is none yet (mode 0700).
    /// Fails: not_found, data_dir_locked (another command is at work), data_dir_unusable.
    [[nodiscard]] static Result<ClusterFolder> open(const std::filesystem::path& folder, bool make);
    ~ClusterFolder();
    ClusterFolder(ClusterFolder&& other) noexcept;
    ClusterFolder& operator=(ClusterFolder&&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// What was saved; of a new cluster: nothing. Fails: data_dir_unusable.
    [[nodiscard]] Result<ClusterState> load() const;
    /// Replaces it at once, or not at all. Fails: data_dir_unusable.
    [[nodiscard]] Result<void> save(const ClusterState& state) const;
    /// Writes a file that only the owner may read. Fails: data_dir_unusable.
    [[nodiscard]] Result<void> write(
        const std::filesystem::path& name, std::string_view text) const;

private:
    ClusterFolder(std::filesystem::path path, int lock) noexcept
        : path_(std::move(path)), lock_(lock) {}

    std::filesystem::path path_;
    int lock_;
};

/// A port on 127.0.0.1 that nobody has now and that the kernel gives to no connection by itself;
/// not one of `taken`, to which it is added. Fails: address_in_use.
[[nodiscard]] Result<std::uint16_t> free_port(std::vector<std::uint16_t>& taken);

/// Letters and digits, 128 bits of chance, a letter first.
[[nodiscard]] std::string random_password();

}  // namespace baton::cli
