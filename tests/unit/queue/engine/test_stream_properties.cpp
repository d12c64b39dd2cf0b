// Random commands on logs and outputs: the engine does what the model does.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "queue/store/memory/memory_store.h"
#include "support/stream_run.h"

namespace baton::test {
namespace {

void run_on_memory(std::uint64_t memory_budget) {
    const auto steps = *run_steps(200);
    const auto disk = queue::make_memory_disk();
    StreamRun run([&] { return queue::make_memory_store(disk); }, memory_budget);
    for (const auto& step : steps) run.step(step);
    run.finish();
}

RC_GTEST_PROP(StreamProperties, logs_and_outputs_do_what_the_model_does, ()) {
    run_on_memory(1 << 20);
}

RC_GTEST_PROP(StreamProperties, so_they_do_with_little_memory_for_contents, ()) {
    run_on_memory(64 * 700);  // an output or a log holds one or two things
}

RC_GTEST_PROP(StreamProperties, so_they_do_without_memory_for_contents, ()) { run_on_memory(0); }

}  // namespace
}  // namespace baton::test
