// The commands of the guides work as they stand there.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/daemon.h"

namespace baton::test {
namespace {

const std::filesystem::path guides = std::filesystem::path(BATON_SOURCE_DIR) / "docs/guide";

/// What stands between ```sh and ```, one block behind the other, each named before it runs.
std::string commands_of(const std::filesystem::path& guide) {
    std::ifstream in(guide);
    std::ostringstream script;
    bool inside = false;
    int number = 0;
    for (std::string line; std::getline(in, line); ++number) {
        if (!inside && line == "```sh") {
            inside = true;
            script << "echo '--- line " << number + 2 << "' >&2\n";
        } else if (inside && line == "```") {
            inside = false;
        } else if (inside) {
            script << line << '\n';
        }
    }
    return script.str();
}

TEST(Guide, commands_work_as_they_stand) {
    std::size_t run = 0;
    for (const auto& guide : std::filesystem::directory_iterator(guides)) {
        if (guide.path().extension() != ".md") continue;
        SCOPED_TRACE(guide.path().filename().string());
        const auto script = commands_of(guide.path());
        if (script.empty()) continue;
        const auto daemon = Daemon::start({.settings = {"logging.level=warn"}});
        const auto finished =
            run_process({.program = "/bin/bash",
                            .arguments = {"-euo", "pipefail", "-s"},
                            .environment = {"URL=" + daemon->url(), "KEY=" + daemon->admin_key(),
                                "PATH=" + std::string(BATON_BIN_DIR) + ":" + std::getenv("PATH")},
                            .input = script},
                std::chrono::seconds(60));
        EXPECT_EQ(finished.exit, Exit{.status = 0}) << finished.err << "--- said\n" << finished.out;
        ++run;
    }
    EXPECT_GT(run, 0U) << "no guide in " << guides;
}

}  // namespace
}  // namespace baton::test
