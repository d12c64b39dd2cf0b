// Who wants to hear of leased messages that were cancelled.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "model/message.h"
#include "queue/consumer.h"

namespace baton::queue {

/// Safe to use from any thread. Watches may outlive it.
class CancelWatches {
public:
    using Callback = std::function<void(const MessageId&)>;

    [[nodiscard]] std::unique_ptr<Watch> add(Callback callback) {
        const std::scoped_lock lock(list_->mutex);
        const std::uint64_t number = ++list_->last;
        list_->callbacks.emplace(number, std::move(callback));
        return std::make_unique<Entry>(list_, number);
    }

    /// Calls everyone for each message, on this thread.
    void tell(std::span<const MessageId> messages) const {
        const std::scoped_lock lock(list_->mutex);
        for (const auto& message : messages) {
            for (const auto& [number, callback] : list_->callbacks) callback(message);
        }
    }

private:
    struct List {
        std::mutex mutex;
        std::uint64_t last = 0;
        std::map<std::uint64_t, Callback> callbacks;
    };
    class Entry final : public Watch {
    public:
        Entry(std::shared_ptr<List> list, std::uint64_t number)
            : list_(std::move(list)), number_(number) {}
        ~Entry() override {
            const std::scoped_lock lock(list_->mutex);
            list_->callbacks.erase(number_);
        }
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

    private:
        std::shared_ptr<List> list_;
        std::uint64_t number_;
    };

    std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace baton::queue
