// What became of requests with an idempotency key, in numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <prometheus/counter.h>

#include "base/metrics.h"

namespace baton::api::rest {

/// Labels of `baton_rest_idempotent_requests_total`.
enum class KeyedRequest : std::uint8_t {
    first,      ///< done
    repeat,     ///< the answer of the first
    resumed,    ///< done again, because the first one left no answer
    other,      ///< the key of another request
    under_way,  ///< the first one is being done
    refused,    ///< the cache was away, and nothing was done
};

/// Thread-safe.
class IdempotencyMetrics final {
public:
    explicit IdempotencyMetrics(MetricRegistry& registry)
        : unkept_(registry.counter("baton_rest_idempotent_answers_lost_total",
              "Answers of requests with an idempotency key that could not be kept")) {
        constexpr std::array names{"first", "repeat", "resumed", "other", "under_way", "refused"};
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            requests_[i] = &registry.counter("baton_rest_idempotent_requests_total",
                "Requests with an idempotency key, by what became of them",
                {{.name = "outcome", .value = names[i]}});
        }
    }

    void came(KeyedRequest outcome) { requests_[static_cast<std::size_t>(outcome)]->Increment(); }
    void lost_answer() { unkept_.Increment(); }

private:
    std::array<prometheus::Counter*, 6> requests_{};
    prometheus::Counter& unkept_;
};

}  // namespace baton::api::rest
