// The commands that the ports of the engine are made of.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "queue/engine/commit_pipeline.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::queue {

/// A command whose answer is a `Result`; `apply` writes it.
template <class T>
class AnsweringCommand : public Command {
public:
    using R = T;
    explicit AnsweringCommand(Completion<R> done) : done_(std::move(done)) {}

    const Error* failure() const final { return answer_ ? nullptr : &answer_.error(); }
    void finish(const Error* error) final {
        done_(error != nullptr ? R(std::unexpected(*error)) : std::move(answer_));
    }

protected:
    R answer_{};

private:
    Completion<R> done_;
};

/// A command made of a function of engine and time.
template <class R, class Fn>
class FunctionCommand final : public AnsweringCommand<R> {
public:
    FunctionCommand(Fn fn, Completion<R> done)
        : AnsweringCommand<R>(std::move(done)), fn_(std::move(fn)) {}

    std::optional<Command::Wait> apply(Engine& engine, TimePoint now) override {
        this->answer_ = fn_(engine, now);
        return std::nullopt;
    }

private:
    Fn fn_;
};

/// Acks, then pops until there is something.
class PopCommand final : public AnsweringCommand<Result<AckedAndPopped>> {
public:
    PopCommand(std::vector<Receipt> receipts, PopRequest request, Completion<R> done)
        : AnsweringCommand(std::move(done)),
          receipts_(std::move(receipts)),
          request_(std::move(request)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        const bool acks_now = !receipts_.empty();
        if (acks_now) {
            if (const auto uid = engine.uid_of(request_.queue); !uid) {
                answer_ = std::unexpected(uid.error());
                return std::nullopt;
            }
            answer_->acks.reserve(receipts_.size());
            for (const auto& receipt : receipts_) {
                answer_->acks.push_back(engine.ack(receipt, now));
            }
            receipts_.clear();
        }
        auto popped = engine.pop(request_, now);
        if (!popped) {
            // What was acked stays so, and is what the caller must hear.
            if (answer_->acks.empty()) answer_ = std::unexpected(std::move(popped).error());
            return std::nullopt;
        }
        if (!popped->empty()) {
            answer_->messages = *std::move(popped);
            return std::nullopt;
        }
        return Wait{.deadline = request_.wait,
            .queue_uid = engine.uid_of(request_.queue).value_or(0),
            .level = request_.level,
            .has_changes = acks_now};
    }

private:
    std::vector<Receipt> receipts_;
    PopRequest request_;
};

class WaitReplyCommand final : public AnsweringCommand<Result<std::optional<KeptReply>>> {
public:
    WaitReplyCommand(MessageId message, Deadline deadline, Completion<R> done)
        : AnsweringCommand(std::move(done)), message_(message), deadline_(deadline) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.find_reply(message_, now);
        if (!answer_ || answer_->has_value()) return std::nullopt;
        return Wait{.deadline = deadline_, .reply_to = message_};
    }

private:
    MessageId message_;
    Deadline deadline_;
};

}  // namespace baton::queue
