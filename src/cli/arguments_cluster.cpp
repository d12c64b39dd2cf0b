#include "cli/argument_kinds.h"

namespace baton::cli {

void define_cluster_commands(CLI::App& app, Invocation& invocation) {
    auto* cluster =
        app.add_subcommand("cluster", "a cluster on this machine, for development and tests");
    cluster->require_subcommand(1)->fallthrough();
    add_command(*cluster, invocation, "up",
        "start three nats-servers and some daemons on 127.0.0.1, or those of them that are down",
        ClusterUpOptions{},
        [](CLI::App& command, ClusterUpOptions& options) {
            constexpr std::uint32_t daemons_max = 32;
            command.add_option("--daemons", options.daemons, "how many batond; 0: only NATS")
                ->check(CLI::Range(0U, daemons_max))
                ->capture_default_str();
            command
                .add_option(
                    "--set", options.settings, "one configuration key of the daemons (repeatable)")
                ->type_name("KEY=VALUE")
                ->type_size(1)
                ->allow_extra_args(false);
            command
                .add_option("--nats-server", options.nats_server,
                    "the program (default: in PATH or /usr/sbin)")
                ->type_name("FILE");
            add_duration(
                command, "--timeout", options.timeout, "how long to wait until all are ready");
        })
        ->footer(
            "Everything is in the folder `cluster` of --data-dir: configurations, stores, logs,\n"
            "passwords, and cluster.json with ports and pids.\n"
            "Example: baton cluster up --daemons 3 && baton --data-dir data/cluster/d1 status");
    add_command(*cluster, invocation, "down", "end all of it: the daemons first, then NATS",
        ClusterDownOptions{}, [](CLI::App& command, ClusterDownOptions& options) {
            command.add_flag("--wipe", options.wipe, "delete the folder and all it holds");
            add_duration(command, "--timeout", options.timeout, "how long to wait for their end");
        });
    add_command(*cluster, invocation, "status",
        "who is up, on which port, and who leads (exit status 7: something is down)",
        ClusterStatusOptions{}, [](CLI::App&, ClusterStatusOptions&) {});
    add_command(*cluster, invocation, "kill", "end one at once, as a crash would (SIGKILL)",
        ClusterKillOptions{},
        [](CLI::App& command, ClusterKillOptions& options) {
            command.add_option("NODE", options.node, "n1 to n3, d1 …")->required()->type_name("");
        })
        ->footer("`baton cluster up` starts it again.");
}

}  // namespace baton::cli
