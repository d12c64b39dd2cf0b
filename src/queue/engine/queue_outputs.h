// What workers say about the messages of a queue, and how long it is kept. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "queue/engine/output_table.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {

/// The calls of queue::Outputs on one queue. A view: make it where it is used.
class QueueOutputs {
public:
    explicit QueueOutputs(QueueState& queue) : queue_(queue), outputs_(queue.outputs_) {}

    /// Takes nothing out of `events` when it fails.
    Result<std::uint64_t> append(
        const Receipt& receipt, std::vector<Bytes>&& events, TimePoint now);
    Result<OutputSlice> read(
        std::uint64_t seq, std::uint64_t from, std::uint32_t max, TimePoint now);

    /// Those who wait for the message's output have to look again.
    void wake_readers(std::uint64_t seq);
    /// The message goes: its output stays for as long as the last append has said.
    void finish(std::uint64_t seq);
    void drop_ended(TimePoint now);
    /// Before the queue goes as a whole: what was held in memory is free again.
    void forget();
    void recover(const RecoveredOutput& recovered);

private:
    [[nodiscard]] bool is_finished(std::uint64_t seq) const;
    void keep_event(Output& output, OutputEvent event);
    [[nodiscard]] bool hold(Output& output, std::uint64_t size);
    void drop_tail(Output& output);

    QueueState& queue_;
    OutputTable& outputs_;
};

}  // namespace baton::queue
