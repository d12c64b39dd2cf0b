// The commit pipeline: one thread that feeds commands to the engine and makes what they changed
// durable.
//
// Group commit without a timer: commands that arrive while one commit is on its way form the next
// batch. When idle, a command is committed at once. Answers go out only after the store says
// durable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "model/message.h"
#include "queue/consumer.h"
#include "queue/engine/engine.h"
#include "queue/engine/store.h"
#include "runtime/deadline.h"

namespace baton::queue {

/// A command on its way through the pipeline. All methods are called on the pipeline's thread.
class Command {
public:
    /// What a command with nothing to answer waits for.
    struct Wait {
        Deadline deadline = Deadline::never();
        std::uint64_t queue_uid = 0;           ///< a message in this queue …
        std::optional<Level> level{};          ///< … of this level, if given
        std::optional<MessageId> reply_to{};   ///< or the reply to this message
        std::optional<MessageId> output_of{};  ///< or more output of this message
        bool in_log = false;                   ///< or a message in this queue, which is a log
        bool has_changes = false;  ///< changed something already: it fails when that is not stored
    };

    virtual ~Command() = default;
    /// Runs against the engine and keeps the answer. Returns what to wait for when there is no
    /// answer yet; then it is run again when that may have come.
    virtual std::optional<Wait> apply(Engine& engine, TimePoint now) = 0;
    /// Why the kept answer is a failure; null: it is none.
    [[nodiscard]] virtual const Error* failure() const = 0;
    /// Gives the answer out: the kept one, or `error` when the commit failed. Called once, also
    /// after a wait that ended without an answer.
    virtual void finish(const Error* error) = 0;

    /// Whether it looked at or changed what a store keeps; set by the pipeline.
    bool touched_stored = false;
};

struct PipelineConfig {
    std::uint64_t memory_budget = 32 * 1024 * 1024;  ///< see EngineConfig
    std::size_t commands_max =
        100'000;  ///< commands that wait for their turn; one more fails with overloaded
    std::size_t waits_max =
        100'000;  ///< parked pops and reply waits; one more fails with overloaded
    /// The lowest byte of the uid of each queue, for whoever routes by it; absent: any.
    std::optional<std::uint8_t> uid_low_byte{};
    /// Of a store that other processes can take over. Asked, on the pipeline's thread, before
    /// answers leave that needed no commit: no means that another may have gone on with it, which a
    /// commit then finds out. When the store has stopped, calls fail with deadline_exceeded if it
    /// is not known whether they were done, and with unavailable if they were not. Empty: the store
    /// is ours.
    std::function<bool()> may_answer{};
};

/// Construct, `start` once, `stop` once. `submit`, `withdraw` and `health` from any thread.
class CommitPipeline final {
public:
    /// The references must outlive it.
    CommitPipeline(std::unique_ptr<Store> store, PipelineConfig config, const Clock& clock,
        MetricRegistry& metrics, baton::Log log);
    ~CommitPipeline();
    CommitPipeline(const CommitPipeline&) = delete;
    CommitPipeline& operator=(const CommitPipeline&) = delete;

    /// Recovers from the store and starts the thread. Fails: what the store's recover fails with.
    [[nodiscard]] Result<void> start();

    /// Refuses new commands, commits those that were taken, ends waits with shutting_down, joins,
    /// closes the store; what that fails with is logged.
    void stop();

    /// A name for a command that may wait.
    [[nodiscard]] std::uint64_t next_ticket() noexcept;

    /// Hands a command over. When it can't be taken its `finish` is called at once with the reason.
    void submit(std::unique_ptr<Command> command, std::uint64_t ticket = 0);

    /// Ends a wait early with `cancelled`. No effect when it has ended.
    void withdraw(std::uint64_t ticket);

    /// Looks at the clock again: for tests that move it.
    void wake();

    [[nodiscard]] Result<void> health() const;

    /// See Consumer::watch_cancels.
    [[nodiscard]] std::unique_ptr<Watch> watch_cancels(
        std::function<void(const MessageId&)> cancelled);

    /// Counts a call that was refused without a command; any thread.
    void note_refusal(Errc code);

    /// A random number for a queue that is made; any thread.
    [[nodiscard]] std::uint64_t make_uid() const;

    /// For reads, which may run beside commits.
    [[nodiscard]] Store& store() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::queue
