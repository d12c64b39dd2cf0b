// The commands that wait for output, or for messages of a log.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "queue/engine/commands.h"
#include "queue/log.h"
#include "queue/outputs.h"
#include "runtime/task.h"

namespace baton::queue {

class ReadOutputCommand final : public AnsweringCommand<Result<OutputSlice>> {
public:
    ReadOutputCommand(OutputRequest request, Completion<R> done)
        : AnsweringCommand(std::move(done)), request_(request) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.read_output(request_, now);
        if (!answer_ || !answer_->empty() || answer_->ended) return std::nullopt;
        return Wait{.deadline = request_.wait, .output_of = request_.message};
    }

private:
    OutputRequest request_;
};

class FetchCommand final : public AnsweringCommand<Result<std::vector<MessageView>>> {
public:
    FetchCommand(FetchRequest request, Completion<R> done)
        : AnsweringCommand(std::move(done)), request_(std::move(request)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.fetch(request_, now);
        if (!answer_ || !answer_->empty()) return std::nullopt;
        return Wait{.deadline = request_.wait,
            .queue_uid = engine.uid_of(request_.queue).value_or(0),
            .in_log = true};
    }

private:
    FetchRequest request_;
};

}  // namespace baton::queue
