// A cluster as one of its daemons sees it: what health and `baton cluster status` show.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace baton {

struct ClusterState {
    /// One that is there, or was until a few seconds ago.
    struct Daemon {
        std::string name{};
        bool is_draining = false;
        bool may_lead = true;
        std::vector<std::uint32_t> leads{};  ///< partitions, ascending
        bool operator==(const Daemon&) const = default;
    };

    std::string name{};                           ///< of the cluster
    std::string daemon{};                         ///< who sees it
    bool is_connected = false;                    ///< to a NATS server
    bool is_in_touch = false;                     ///< NATS has taken a write of this daemon lately
    std::uint32_t partitions = 0;                 ///< 0 … partitions - 1
    std::vector<std::uint32_t> leads{};           ///< by this daemon; ascending
    std::vector<std::uint32_t> without_leader{};  ///< nobody serves them at the moment; ascending
    std::vector<std::uint32_t> hanging{};  ///< this daemon neither opens nor closes them; ascending
    std::vector<Daemon> daemons{};         ///< by name; this one is among them
    bool operator==(const ClusterState&) const = default;
};

}  // namespace baton
