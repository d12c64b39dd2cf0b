// What a server still knows of requests it has answered, so that one that comes twice is executed
// once, and what it leased can be given back.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/message.h"
#include "queue/remote/command_codec.h"

namespace baton::queue::remote {

struct PastRequest {
    Bytes answer{};                 ///< given again to a request that comes again
    std::vector<Receipt> leased{};  ///< of the messages in the answer
};

/// The last `count_max` requests whose answers have at most `bytes_max` together; at least one. Use
/// on one executor.
class RequestMemory final {
public:
    RequestMemory(std::size_t count_max, std::size_t bytes_max)
        : count_max_(count_max), bytes_max_(bytes_max) {}

    /// Null when it is not known (any more). Valid until the next `keep`.
    [[nodiscard]] PastRequest* find(const RequestId& id) {
        const auto found = requests_.find(id);
        return found == requests_.end() ? nullptr : &found->second;
    }

    /// The id must be new.
    void keep(const RequestId& id, PastRequest request) {
        const std::size_t size = size_of(request);
        while (!order_.empty() && (order_.size() >= count_max_ || bytes_ + size > bytes_max_)) {
            bytes_ -= order_.front().size;
            requests_.erase(order_.front().id);
            order_.pop_front();
        }
        if (!requests_.emplace(id, std::move(request)).second) return;
        order_.push_back({id, size});
        bytes_ += size;
    }

    [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

private:
    struct Entry {
        RequestId id;
        std::size_t size;  ///< as it was when it came
    };
    static std::size_t size_of(const PastRequest& request) {
        return request.answer.size() + request.leased.size() * sizeof(Receipt);
    }

    std::size_t count_max_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::deque<Entry> order_;
    std::unordered_map<RequestId, PastRequest> requests_;
};

}  // namespace baton::queue::remote
