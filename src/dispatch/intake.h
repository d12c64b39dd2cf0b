// The way of work into the LLM queue: scored, told apart from what is there already, and refused
// when it can't be done in time.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "dispatch/capacity.h"
#include "dispatch/preprocessor.h"
#include "llm/pool.h"
#include "model/message.h"
#include "queue/queues.h"
#include "runtime/task.h"

namespace baton::dispatch {

/// A work item that is to be done, with what is known of it.
struct WorkOrder {
    NewMessage item{};                ///< as to_work_item made it; `ttl` is how long it has
    std::optional<Level> priority{};  ///< as asked for; absent: as the rules say
    Subject subject{};                ///< for the rules; must outlive the call
    std::string model{};              ///< whose pace counts; empty: not known
    /// A second order of this item that comes while it is not finished joins it. Orders of
    /// different tenants never do. Ignored when the item has a dedup key.
    bool coalesce = false;
};

/// Safe to use from any thread. The queues, and the pool if given, must outlive it.
class Intake final {
public:
    /// `workers`: runs at a time, as the dispatcher has it.
    Intake(queue::Queues& queues, const llm::Pool* pool, const Clock& clock,
        PreprocessorConfig rules, std::uint32_t workers)
        : queues_(queues),
          pool_(pool),
          clock_(clock),
          rules_(std::move(rules)),
          capacity_(workers) {}

    /// Puts the level and why into the item and posts it. `duplicate` when it is an earlier one,
    /// which has the answer or will have it: its reply can be waited for, its output read from the
    /// beginning. Fails: overloaded with retry_after when the queue's strategy is `deadline` and
    /// the item has less time than its wait and its run are expected to take; as Producer::post.
    [[nodiscard]] Task<Result<PostedMessage>> post(WorkOrder order);

private:
    Task<Result<PostedMessage>> post_one(NewMessage item);
    Task<Result<PostedMessage>> join_or_post(NewMessage item);
    Task<Result<bool>> is_finished(MessageId id);
    Task<Result<void>> admit(MessageId id, Duration time, std::string model);

    std::string last_of(const std::string& hash);
    void remember(const std::string& hash, const std::string& finished);

    /// Finished orders whose kind may come again, most recent first: what the next dedup key of
    /// their kind is made of.
    struct Finished {
        std::string id;
        std::list<std::string>::iterator place;
    };

    queue::Queues& queues_;
    const llm::Pool* pool_;
    const Clock& clock_;
    const PreprocessorConfig rules_;
    std::mutex mutex_;  // never held across a co_await
    Capacity capacity_;
    std::unordered_map<std::string, Finished> finished_;
    std::list<std::string> recent_;
};

}  // namespace baton::dispatch
