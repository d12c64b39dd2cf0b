// Random commands, jumps of time, crashes and refused commits: the engine does what the model does.
// A failing run prints RC_PARAMS="reproduce=…", which replays it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "queue/store/memory/memory_store.h"
#include "support/queue_run.h"

namespace baton::test {
namespace {

constexpr std::size_t steps_max = 300;

void run_on_memory(std::uint64_t memory_budget) {
    const auto steps = *run_steps(steps_max);
    const auto disk = queue::make_memory_disk();
    QueueRun run([&] { return queue::make_memory_store(disk); }, memory_budget);
    for (const auto& step : steps) run.step(step);
    run.finish();
}

RC_GTEST_PROP(EngineProperties, does_what_the_model_does, ()) { run_on_memory(1 << 20); }

RC_GTEST_PROP(EngineProperties, does_what_the_model_does_without_memory_for_contents, ()) {
    run_on_memory(10);
}

}  // namespace
}  // namespace baton::test
