// nats-server as a development cluster runs it: the program, the shipped configurations, and what a
// running server says of itself.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/cluster_folder.h"
#include "cli/context.h"
#include "net/client.h"
#include "runtime/io_pool.h"

namespace baton::cli {

struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};

/// The files of deploy/nats that end in .conf.
[[nodiscard]] std::span<const EmbeddedFile> embedded_nats_configs() noexcept;

struct NatsProgram {
    std::filesystem::path file;
    std::string version;    ///< "2.9.10"
    bool can_sync = false;  ///< knows `sync_interval`: 2.10 and newer
};

/// `wanted`, else the nats-server in PATH or in /usr/sbin, where Debian has it. `scratch`: where
/// its answer is written to. Fails: not_found.
[[nodiscard]] Result<NatsProgram> find_nats_program(const Context& context,
    const std::filesystem::path& wanted, const std::filesystem::path& scratch);

/// Writes the shipped configurations that fit `program` into the folder's `nats`.
[[nodiscard]] Result<void> write_nats_configs(
    const ClusterFolder& folder, const NatsProgram& program);

/// The variables that the configurations ask for, as "NAME=value".
[[nodiscard]] std::vector<std::string> nats_environment(
    const ClusterFolder& folder, const ClusterState& state, const ClusterProcess& node);

/// What a server tells on its monitoring port.
struct NatsReport {
    std::string meta_leader;         ///< as it sees it; empty: it knows none
    std::vector<std::string> leads;  ///< streams that it leads
    std::size_t stream_count = 0;    ///< streams of which it has a copy
    bool healthy = false;
};

/// Asks nats-servers on this machine. One thread.
class NatsMonitors final {
public:
    explicit NatsMonitors(const Environment& environment);

    /// Nothing when it does not answer within two seconds.
    [[nodiscard]] std::optional<NatsReport> ask(const ClusterProcess& node);

private:
    [[nodiscard]] Result<net::Response> get(const ClusterProcess& node, std::string_view path);

    std::unique_ptr<net::Client> http_;
    IoPool pool_{1};
};

}  // namespace baton::cli
