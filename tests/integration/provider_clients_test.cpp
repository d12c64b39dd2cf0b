// The providers' own clients (npm `@anthropic-ai/sdk` and `ollama`, tests/peers) as judges of the
// server that our providers are tested against: what it says is what those accept.
#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "integration/provider_fixtures.h"
#include "support/aimock.h"
#include "support/process.h"

namespace baton::test {
namespace {

struct Peer {
    std::string_view name;     ///< its folder
    std::string_view package;  ///< what is installed there
};

std::ostream& operator<<(std::ostream& out, const Peer& peer) { return out << peer.name; }

class ProviderClient : public testing::TestWithParam<Peer> {};

TEST_P(ProviderClient, accepts_the_server_of_the_contract) {
    const auto folder = std::filesystem::path(BATON_SOURCE_DIR) / "tests/peers" / GetParam().name;
    ASSERT_TRUE(std::filesystem::exists(folder / "node_modules" / GetParam().package))
        << "run `npm ci --ignore-scripts` in " << folder;
    const Aimock server(
        {.fixtures = std::string(provider_fixtures), .arguments = {"--strict"}, .environment = {}});
    const auto run = run_process({.program = "/usr/bin/env",
                                     .arguments = {"node", (folder / "golden.mjs").string(),
                                         "http://127.0.0.1:" + std::to_string(server.port())}},
        std::chrono::seconds(90));
    EXPECT_EQ(run.out, "ok\n") << run.err;
    EXPECT_EQ(run.exit.status, 0);
}

INSTANTIATE_TEST_SUITE_P(Peers, ProviderClient,
    testing::Values(Peer{"anthropic", "@anthropic-ai/sdk"}, Peer{"ollama", "ollama"}),
    [](const auto& peer) { return std::string(peer.param.name); });

}  // namespace
}  // namespace baton::test
