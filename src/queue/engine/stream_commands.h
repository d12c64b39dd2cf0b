// The commands that wait for output, or for messages of a log.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "queue/engine/commit_pipeline.h"
#include "queue/log.h"
#include "queue/outputs.h"
#include "runtime/task.h"

namespace baton::queue {

class ReadOutputCommand final : public Command {
public:
    using R = Result<OutputSlice>;
    ReadOutputCommand(OutputRequest request, Completion<R> done)
        : request_(request), done_(std::move(done)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.read_output(request_, now);
        if (!answer_ || !answer_->empty() || answer_->ended) return std::nullopt;
        return Wait{.deadline = request_.wait, .output_of = request_.message};
    }
    void finish(const Error* error) override {
        done_(error != nullptr ? R(std::unexpected(*error)) : std::move(answer_));
    }

private:
    OutputRequest request_;
    Completion<R> done_;
    R answer_{};
};

class FetchCommand final : public Command {
public:
    using R = Result<std::vector<MessageView>>;
    FetchCommand(FetchRequest request, Completion<R> done)
        : request_(std::move(request)), done_(std::move(done)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.fetch(request_, now);
        if (!answer_ || !answer_->empty()) return std::nullopt;
        return Wait{.deadline = request_.wait,
            .queue_uid = engine.uid_of(request_.queue).value_or(0),
            .in_log = true};
    }
    void finish(const Error* error) override {
        done_(error != nullptr ? R(std::unexpected(*error)) : std::move(answer_));
    }

private:
    FetchRequest request_;
    Completion<R> done_;
    R answer_{};
};

}  // namespace baton::queue
