// A store under watch: it counts commits, can be held, and fails when told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "queue/engine/store.h"
#include "support/store_probe.h"

namespace baton::test {

class ProbeStore final : public queue::Store {
public:
    ProbeStore(std::unique_ptr<queue::Store> inner, std::shared_ptr<StoreProbe> probe)
        : inner_(std::move(inner)), probe_(std::move(probe)) {}

    Result<void> recover(queue::RecoverySink& sink) override {
        BATON_TRY_VOID(probe_->recover());
        return inner_->recover(sink);
    }
    Result<std::uint64_t> reserve(std::uint64_t bytes) override {
        BATON_TRY(const auto room, probe_->reserve(bytes));
        BATON_TRY(const auto inner, inner_->reserve(bytes));
        return std::min(room, inner);
    }
    Result<void> commit(std::span<const queue::Record> records, Durability durability) override {
        auto verdict = probe_->commit(records, durability);
        if (verdict.write) {
            BATON_TRY_VOID(inner_->commit(records, durability));
        }
        return verdict.answer;
    }
    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const queue::Locator> messages) override {
        BATON_TRY_VOID(probe_->read());
        return inner_->read(messages);
    }
    Result<std::shared_ptr<const Reply>> read_reply(queue::Locator message) override {
        BATON_TRY_VOID(probe_->read());
        return inner_->read_reply(message);
    }
    Result<std::vector<OutputEvent>> read_output(
        queue::Locator message, std::uint64_t from, std::size_t max) override {
        BATON_TRY_VOID(probe_->read());
        return inner_->read_output(message, from, max);
    }
    Result<void> close() override {
        BATON_TRY_VOID(inner_->close());
        return probe_->close();
    }

private:
    std::unique_ptr<queue::Store> inner_;
    std::shared_ptr<StoreProbe> probe_;
};

}  // namespace baton::test
