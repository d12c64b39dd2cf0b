// What the ports of the engine share: commands on their way to the pipeline, contents on their way
// back from the store.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "queue/engine/commands.h"
#include "queue/engine/commit_pipeline.h"
#include "runtime/blocking_pool.h"
#include "runtime/task.h"

namespace baton::queue {

/// Safe to use from any thread. Must outlive the tasks it gives out.
class CommandDesk {
public:
    explicit CommandDesk(CommitPipeline& pipeline) : pipeline_(pipeline) {}

    /// Runs `fn(engine, now)` on the pipeline's thread; its answer comes after the commit.
    template <class Fn>
    auto run(Fn fn) -> Task<std::invoke_result_t<Fn&, Engine&, TimePoint>> {
        using R = std::invoke_result_t<Fn&, Engine&, TimePoint>;
        return await_completion<R>([this, fn = std::move(fn)](Completion<R> done) mutable {
            pipeline_.submit(
                std::make_unique<FunctionCommand<R, Fn>>(std::move(fn), std::move(done)));
        });
    }

    /// The same, and nobody waits for the answer.
    template <class Fn>
    void run_unseen(Fn fn) {
        using R = std::invoke_result_t<Fn&, Engine&, TimePoint>;
        pipeline_.submit(std::make_unique<FunctionCommand<R, Fn>>(std::move(fn), [](const R&) {}));
    }

    /// A command that may wait, and is withdrawn when its task is cancelled.
    template <class C, class... Args>
    Task<typename C::R> run_waiting(Args... args) {
        const std::uint64_t ticket = pipeline_.next_ticket();
        return await_completion<typename C::R>(
            [this, ticket, ... args = std::move(args)](Completion<typename C::R> done) mutable {
                pipeline_.submit(std::make_unique<C>(std::move(args)..., std::move(done)), ticket);
            },
            [this, ticket] { pipeline_.withdraw(ticket); });
    }

    /// Blocking work on one of the reader threads.
    template <class Fn>
    auto run_blocking(Fn fn) -> Task<std::invoke_result_t<Fn&>> {
        auto result = co_await readers_.run(std::move(fn));
        if (!result) pipeline_.note_refusal(result.error().code);
        co_return std::move(result);
    }

    template <class T>
    static Task<Result<T>> failed(Error error) {
        co_return std::unexpected(std::move(error));
    }
    template <class T>
    static Task<Result<T>> fails(std::string field, std::string detail) {
        co_return fail_field(Errc::invalid_argument, std::move(field), std::move(detail));
    }

    /// Fetches what is not in memory; drops views of messages that have gone since.
    Task<Result<void>> fill(std::vector<MessageView*> views);

    [[nodiscard]] CommitPipeline& pipeline() noexcept { return pipeline_; }

private:
    static constexpr std::size_t read_threads = 2;

    CommitPipeline& pipeline_;
    BlockingPool readers_{read_threads};
};

}  // namespace baton::queue
