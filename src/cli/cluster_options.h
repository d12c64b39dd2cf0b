// What the user asked of a development cluster: `baton cluster`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"

namespace baton::cli {

struct ClusterUpOptions {
    std::uint32_t daemons = 3;
    std::vector<std::string> settings;  ///< key=value, for every daemon
    std::filesystem::path nats_server;  ///< the program; empty: looked for
    Duration timeout{60'000};
};
struct ClusterDownOptions {
    bool wipe = false;  ///< the folder too
    Duration timeout{60'000};
};
struct ClusterStatusOptions {};
struct ClusterKillOptions {
    std::string node;  ///< "n1", "d2"
};

}  // namespace baton::cli
