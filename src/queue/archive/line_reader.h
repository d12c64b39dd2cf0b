// The lines of an export, read into the records that make the queues anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/json_fields.h"
#include "queue/archive/archive.h"
#include "queue/engine/record.h"

namespace baton::queue {

/// Begins the name of a queue whose import has not come to its end: no name may begin so.
inline constexpr char unfinished_mark = '~';

/// What a store has already.
struct PresentQueues {
    struct Queue {
        QueueNumber number{};
        std::uint64_t uid = 0;
        bool gives_way = false;  ///< it has never had a message: nothing is lost when it goes
    };
    std::uint32_t next_number = 1;
    std::map<QueueName, Queue> queues{};
    std::vector<QueueNumber> unfinished{};  ///< of an import that was cut off
};

/// Turns lines into records for several stores, one queue after the other. Use once.
class LineReader {
public:
    /// Records for one store. The queues in them have the unfinished mark before their names.
    struct Batch {
        std::vector<Record> records{};
        std::size_t bytes = 0;  ///< of contents
    };

    /// What it is given must outlive it; `present`: of each store.
    LineReader(const std::vector<PresentQueues>& present, const Placement& placement,
        ImportOptions options);

    /// Fails: invalid_argument, queue_exists, unsupported (too many queues, or guests).
    [[nodiscard]] Result<void> read(std::string_view line);
    /// After the last line.
    [[nodiscard]] Result<void> finish() const;

    std::vector<Batch> batches;               ///< what has come since they were emptied, by store
    std::vector<std::vector<QueuePut>> puts;  ///< all queues of each store, as they shall be
    std::vector<std::vector<QueueNumber>> replaced;  ///< what has to go before, by store
    std::vector<Record> quotas;                      ///< for every store
    ArchiveCounts counts;                            ///< of all lines
    ArchiveCounts kept;                              ///< of queues that are left alone

private:
    Result<void> begin(std::string_view kind, const Fields& fields);
    Result<void> read_of_queue(std::string_view kind, const Fields& fields);
    Result<void> queue(const Fields& fields);
    Result<void> place(QueuePut put);
    [[nodiscard]] Result<bool> is_present(const QueueName& name, std::uint64_t uid);
    Result<void> advance_to(std::uint64_t seq);
    void fill_up();
    void post_and_go(std::uint64_t seq, std::string dedup_key, TimePoint dedup_until);
    Result<void> message(const Fields& fields);
    Result<void> finished(const Fields& fields);
    Result<void> reply(const Fields& fields);
    Result<void> output(const Fields& fields);
    Result<void> cursor(const Fields& fields);
    Result<void> paused_key(const Fields& fields);
    Result<void> quota(const Fields& fields);
    Result<void> end(const Fields& fields);
    void add(Record record, std::size_t bytes = 0);

    const std::vector<PresentQueues>& present_;
    const Placement& placement_;
    const ImportOptions options_;
    std::vector<std::uint32_t> next_numbers_;
    std::vector<std::size_t> guests_;  ///< of each store
    std::set<QueueName> names_;
    std::set<std::uint64_t> uids_;

    std::optional<QueueNumber> queue_;
    std::size_t place_ = 0;
    bool is_kept_ = false;
    std::uint64_t uid_ = 0;
    std::uint64_t next_seq_ = 1;
    std::uint64_t last_seq_ = 0;
    bool has_begun_ = false;
    bool has_ended_ = false;
};

}  // namespace baton::queue
