#include <algorithm>
#include <istream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "queue/archive/archive.h"
#include "queue/archive/line_reader.h"

namespace baton::queue {
namespace {

// A commit takes place when it holds this much.
constexpr std::size_t commit_records = 1'000;
constexpr std::size_t commit_bytes = 4 * 1024 * 1024;

/// Finds out what a store has.
class Looker final : public RecoverySink {
public:
    void queue(QueuePut queue, std::uint64_t next_seq) override {
        const auto number = static_cast<std::uint32_t>(queue.number);
        present.next_number = std::max(present.next_number, number + 1);
        if (queue.info.name.view().starts_with(unfinished_mark)) {
            present.unfinished.push_back(queue.number);
        } else {
            const bool is_unused =
                next_seq == 1 && queue.info.config.durability != Durability::memory;
            present.queues.emplace(std::move(queue.info.name),
                PresentQueues::Queue{queue.number, queue.uid, is_unused});
        }
    }
    void message(RecoveredMessage) override {}
    void dedup(Locator, std::string, TimePoint) override {}
    void reply(RecoveredReply) override {}
    void output(RecoveredOutput) override {}
    void cursor(QueueNumber number, std::string, std::uint64_t) override { keep(number); }
    void paused_key(QueueNumber number, KeyKind, std::string) override { keep(number); }
    void quota(TenantId, std::uint64_t) override {}

    PresentQueues present;

private:
    void keep(QueueNumber number) {
        for (auto& [name, queue] : present.queues) {
            if (queue.number == number) queue.gives_way = false;
        }
    }
};

/// Hands every line to the reader, and calls `after` behind each.
template <class After>
Result<void> read_all(std::istream& in, LineReader& reader, const After& after) {
    in.clear();
    if (!in.seekg(0)) {
        return fail(
            Errc::invalid_argument, "an export is read twice, which this input does not allow");
    }
    std::uint64_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        const auto read = reader.read(line);
        if (!read) return fail(with_context(read.error(), fmt::format("line {}", number)));
        BATON_TRY_VOID(after());
    }
    if (in.bad()) return fail(Errc::storage_io, "the export could not be read to its end");
    return reader.finish();
}

/// Writes what a reader makes of the lines into the stores.
class Writer {
public:
    Writer(std::span<Store* const> stores, LineReader& reader)
        : stores_(stores), reader_(reader), written_(stores.size()) {}

    Result<void> drop_unfinished(const std::vector<PresentQueues>& present) {
        for (std::size_t i = 0; i < stores_.size(); ++i) {
            BATON_TRY_VOID(drop(i, present[i].unfinished));
        }
        return {};
    }

    Result<void> write(std::istream& in) {
        BATON_TRY_VOID(
            read_all(in, reader_, [this] { return pass_on(commit_records, commit_bytes); }));
        return pass_on(1, 0);
    }

    /// Each queue takes its name.
    Result<void> name_queues() {
        for (std::size_t i = 0; i < stores_.size(); ++i) {
            std::vector<Record> records = reader_.quotas;
            for (const auto number : reader_.replaced[i]) {
                records.emplace_back(QueueDropped{number});
            }
            for (const auto& put : reader_.puts[i]) records.emplace_back(put);
            if (records.empty()) continue;
            BATON_TRY_VOID(stores_[i]->commit(records, Durability::fsync));
            written_[i].clear();
        }
        return {};
    }

    /// After a failure: takes out what nobody could ask for. Where that fails too the next import
    /// does it.
    void undo() {
        for (std::size_t i = 0; i < stores_.size(); ++i) {
            const auto dropped = drop(i, written_[i]);
            static_cast<void>(dropped);
        }
    }

private:
    /// Commits what holds so many records or bytes.
    Result<void> pass_on(std::size_t records_min, std::size_t bytes_min) {
        for (std::size_t i = 0; i < stores_.size(); ++i) {
            auto& [records, bytes] = reader_.batches[i];
            const bool is_full = records.size() >= records_min || bytes >= bytes_min;
            if (records.empty() || !is_full) continue;
            BATON_TRY_VOID(stores_[i]->commit(records, Durability::fsync));
            for (const auto& record : records) {
                const auto* put = std::get_if<Boxed<QueuePut>>(&record);
                if (put != nullptr) written_[i].push_back((*put)->number);
            }
            records.clear();
            bytes = 0;
        }
        return {};
    }
    Result<void> drop(std::size_t place, const std::vector<QueueNumber>& numbers) {
        std::vector<Record> records;
        for (const auto number : numbers) records.emplace_back(QueueDropped{number});
        if (records.empty()) return {};
        return stores_[place]->commit(records, Durability::fsync);
    }

    std::span<Store* const> stores_;
    LineReader& reader_;
    std::vector<std::vector<QueueNumber>> written_;  ///< queues without their names, by store
};

}  // namespace

Result<ArchiveCounts> import_stores(std::span<Store* const> stores, const Placement& placement,
    std::istream& in, ImportOptions options) {
    std::vector<PresentQueues> present(stores.size());
    for (std::size_t i = stores.size(); i-- > 0;) {
        Looker looker;
        BATON_TRY_VOID(stores[i]->recover(looker));
        present[i] = std::move(looker.present);
    }
    LineReader rehearsal(present, placement, options);
    BATON_TRY_VOID(read_all(in, rehearsal, [&]() -> Result<void> {
        for (auto& batch : rehearsal.batches) batch = {};
        return {};
    }));
    LineReader reader(present, placement, options);
    Writer writer(stores, reader);
    BATON_TRY_VOID(writer.drop_unfinished(present));
    auto written = writer.write(in);
    if (written && reader.counts != rehearsal.counts) {
        written = fail(Errc::internal, "the export changed while it was read");
    }
    if (written) written = writer.name_queues();
    if (!written) {
        writer.undo();
        return fail(written.error());
    }
    return ArchiveCounts{.queues = reader.counts.queues - reader.kept.queues,
        .messages = reader.counts.messages - reader.kept.messages};
}

Result<ArchiveCounts> import_store(Store& store, std::istream& in, ImportOptions options) {
    Store* const stores[]{&store};
    const Placement everything_here{.place = [](const QueueName&) { return std::size_t{0}; },
        .memory_uid = [](std::size_t, std::uint64_t uid) { return uid; },
        .is_guest = [](std::size_t, std::uint64_t) { return false; }};
    return import_stores(stores, everything_here, in, options);
}

}  // namespace baton::queue
