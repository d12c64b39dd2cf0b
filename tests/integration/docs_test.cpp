// The page at /docs, read operation by operation.
#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

#include "support/daemon.h"
#include "support/process.h"

namespace baton::test {
namespace {

TEST(DocsPage, shows_every_operation_and_schema_and_finds_them) {
    const auto script = std::filesystem::path(BATON_SOURCE_DIR) / "tests/peers/docs/page.mjs";
    const auto daemon = Daemon::start({.settings = {"logging.level=warn"}});
    const auto run = run_process(
        {.program = "/usr/bin/env", .arguments = {"node", script.string(), daemon->url()}},
        std::chrono::seconds(60));
    EXPECT_EQ(run.out, "ok\n") << run.err;
    EXPECT_EQ(run.exit.status, 0);
}

}  // namespace
}  // namespace baton::test
