#include "queue/store/journal/journal_store.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "base/answer_budget.h"
#include "queue/store/journal/compactor.h"
#include "queue/store/journal/hand_out.h"
#include "queue/store/journal/live_index.h"
#include "queue/store/journal/log_writer.h"
#include "queue/store/journal/record_codec.h"
#include "queue/store/journal/shared_entry.h"
#include "queue/store/journal/stream_codec.h"

namespace baton::queue {
namespace {

using namespace journal;

/// Of the memory that a batch was built in, this much stays for the next.
constexpr std::size_t buffer_kept = 16 * 1024 * 1024;
/// Compaction reads at least this much with each commit …
constexpr std::uint64_t portion_min = 64 * 1024;
/// … and this many times what the commit writes, so that it stays ahead.
constexpr std::uint64_t portion_factor = 4;
constexpr std::uint64_t portion_max = 4 * 1024 * 1024;
/// Dead bytes that are not worth the work, in segments.
constexpr std::uint64_t slack_segments = 4;

class JournalStore final : public Store {
public:
    JournalStore(std::unique_ptr<FileSystem> owned, FileSystem& files, JournalConfig config,
        std::unique_ptr<SharedLog> shared)
        : owned_(std::move(owned)),
          files_(files),
          config_(std::move(config)),
          shared_(std::move(shared)) {}

    Result<void> recover(RecoverySink& sink) override {
        if (broken_) return fail(*broken_);
        if (!writer_) {
            BATON_TRY_VOID(open());
        }
        auto index = std::make_unique<LiveIndex>();
        auto recovered = recover_index(writer_->segments(), *index, sink);
        if (!recovered && recovered.error().code == Errc::storage_corrupt && shared_) {
            // Damage shows before the sink is told anything; a copy can be made anew.
            BATON_TRY_VOID(copy_anew());
            index = std::make_unique<LiveIndex>();
            recovered = recover_index(writer_->segments(), *index, sink);
        }
        BATON_TRY_VOID(std::move(recovered));
        {
            const std::scoped_lock lock(mutex_);
            compactor_.reset();
            index_ = std::move(index);
            readable_ = writer_->segments();
        }
        tell_room();
        return {};
    }

    Result<std::uint64_t> reserve(std::uint64_t bytes) override {
        if (broken_) return fail(*broken_);
        if (!writer_) return fail(Errc::internal, "the journal was not recovered before a commit");
        is_promised_ = true;
        const auto room = writer_->room();
        if (room >= bytes) return room;
        auto made = make_room(bytes);
        if (!made && !wrote_nothing(made.error())) broken_ = made.error();
        return made;
    }

    Result<void> commit(std::span<const Record> records, Durability durability) override {
        if (broken_) return fail(*broken_);
        if (!index_) return fail(Errc::internal, "the journal was not recovered before a commit");
        auto result = write(records, durability);
        is_promised_ = false;
        if (!result && !wrote_nothing(result.error())) broken_ = result.error();
        return result;
    }

    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const Locator> messages) override {
        std::vector<Found> places(messages.size());
        {
            const std::scoped_lock lock(mutex_);
            for (std::size_t i = 0; i < messages.size(); ++i) {
                const auto* queue = find_queue(messages[i].queue);
                if (queue != nullptr) places[i] = found(queue->messages.post(messages[i].seq));
            }
        }
        std::vector<std::shared_ptr<const MessageData>> contents;
        contents.reserve(messages.size());
        RecordReader reader;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (!places[i].segment) {
                contents.push_back(nullptr);
                continue;
            }
            BATON_TRY(const auto record, reader.read(std::span(places).subspan(i)));
            BATON_TRY(auto data, message_of(record.payload));
            contents.push_back(std::move(data));
        }
        return contents;
    }

    Result<std::shared_ptr<const Reply>> read_reply(Locator message) override {
        Found at;
        {
            const std::scoped_lock lock(mutex_);
            const auto* queue = find_queue(message.queue);
            if (queue == nullptr) return nullptr;
            const auto kept = queue->replies.find(message.seq);
            if (kept == queue->replies.end()) return nullptr;
            at = found(kept->second.place);
        }
        if (!at.segment) return nullptr;
        Buffer buffer;
        BATON_TRY(const auto record, read_record(*at.segment, at.place, buffer));
        return reply_of(record.payload);
    }

    Result<std::vector<OutputEvent>> read_output(
        Locator message, std::uint64_t from, std::size_t max) override {
        std::vector<OutputEvent> events;
        if (max == 0) return events;
        AnswerBudget budget;
        Buffer buffer;
        for (const auto& [segment, place] : find_output(message, from, max)) {
            if (!segment) break;
            BATON_TRY(const auto record, read_record(*segment, place, buffer));
            BATON_TRY(auto part, events_of(record.payload));
            for (auto& event : part) {
                if (event.offset < from) continue;
                if (events.size() == max || !budget.take(event.data.size())) return events;
                events.push_back(std::move(event));
            }
        }
        return events;
    }

    Result<void> close() override { return writer_ && !broken_ ? writer_->sync() : Result<void>(); }

private:
    using Found = RecordReader::At;

    [[nodiscard]] const LiveIndex::Queue* find_queue(QueueNumber number) const {
        return index_ ? index_->find(number) : nullptr;
    }
    [[nodiscard]] Found found(Place place) const {
        const auto segment = readable_.find(place.segment);
        return segment == readable_.end() ? Found{} : Found{segment->second, place};
    }

    /// Where the events of an output from `from` on stand, `max` of them or a few more.
    std::vector<Found> find_output(Locator message, std::uint64_t from, std::size_t max) {
        std::vector<Found> places;
        const std::scoped_lock lock(mutex_);
        const auto* queue = find_queue(message.queue);
        if (queue == nullptr) return places;
        const auto output = queue->outputs.find(message.seq);
        if (output == queue->outputs.end()) return places;
        const auto& parts = output->second.parts;
        const auto behind = [](const LiveIndex::OutputPart& part) {
            return part.first + part.events;
        };
        auto part = std::ranges::upper_bound(parts, from, {}, behind);
        for (; part != parts.end() && part->first - std::min(part->first, from) < max; ++part) {
            places.push_back(found(part->place));
        }
        return places;
    }

    Result<void> open() {
        BATON_TRY(auto segments,
            shared_ ? open_copy(files_) : open_segments(files_, FileSystem::Mode::existing));
        LogEnd end;
        if (shared_) {
            BATON_TRY(const auto bounds, shared_->take_over());
            BATON_TRY(end, catch_up(files_, segments, *shared_, bounds));
        } else if (!segments.empty()) {
            BATON_TRY(end, repair_tail(files_, segments));
        }
        const LogWriter::Config config{.segment_size = config_.segment_size,
            .size_max = config_.size_max,
            .store_id =
                segments.empty() ? random_number() : segments.begin()->second->header.store_id,
            .shared = shared_.get()};
        BATON_TRY(writer_, LogWriter::open(files_, std::move(segments), end, config));
        return {};
    }

    Result<void> copy_anew() {
        Segments segments = writer_->segments();
        writer_.reset();
        BATON_TRY_VOID(forget_copy(files_, segments));
        return open();
    }

    Result<void> write(std::span<const Record> records, Durability durability) {
        batch_.clear();
        batch_.extend(batch_head_size);
        bool has_content = false;
        for (std::size_t i = 0; i < records.size(); ++i) {
            has_content |= std::holds_alternative<MessagePosted>(records[i]) ||
                           std::holds_alternative<OutputAppended>(records[i]) ||
                           std::holds_alternative<ReplyStored>(records[i]);
            encode_record(records[i], index_->next_seq_for(records.first(i), records[i]), batch_);
        }
        BATON_TRY_VOID(
            compact(std::clamp(portion_factor * committed_bytes_, portion_min, portion_max)));
        // Content that was promised room has not more than it; beside it may stand more than
        // thought.
        const auto space =
            has_content && !is_promised_ ? LogWriter::Space::ordinary : LogWriter::Space::reserve;
        BATON_TRY(const auto appended,
            writer_->append(batch_, static_cast<std::uint32_t>(records.size()), space));
        if (durability == Durability::fsync) {
            BATON_TRY_VOID(writer_->sync());
        }
        BATON_TRY_VOID(apply(batch_, appended));
        committed_bytes_ = batch_.size();
        batch_.shrink(buffer_kept);
        tidy();
        tell_room();
        return {};
    }

    /// Takes what stands in a written batch into the index.
    Result<void> apply(Buffer& batch, const LogWriter::Appended& appended) {
        const auto& header = appended.segment->header;
        const auto records = batch.view().substr(batch_head_size);
        const std::scoped_lock lock(mutex_);
        readable_[header.number] = appended.segment;
        for (std::size_t at = 0; at < records.size();) {
            const std::size_t length = load<std::uint32_t>(records.data() + at + 4);
            const auto type = static_cast<RecordType>(records[at + 8]);
            const Place place(header.number, appended.offset + at, RecordView::size_for(length));
            BATON_TRY(
                const auto mark, mark_of(type, records.substr(at + record_head_size, length)));
            index_->apply(mark, place);
            at += place.size();
        }
        index_->set_used(header.number, appended.offset + records.size());
        return {};
    }

    void tell_room() const {
        if (config_.on_room) config_.on_room(writer_->allowed_room());
    }

    Result<std::uint64_t> make_room(std::uint64_t bytes) {
        auto made = writer_->make_room(bytes);
        if (!made && made.error().code == Errc::storage_full) {
            is_full_ = true;
            BATON_TRY_VOID(reclaim());
            made = writer_->make_room(bytes);
        }
        if (made) is_full_ = false;
        return made;
    }

    /// The disk is full, and perhaps nobody commits what would move compaction on.
    Result<void> reclaim() {
        batch_.clear();
        batch_.extend(batch_head_size);
        BATON_TRY_VOID(leave_segment());
        BATON_TRY_VOID(compact(portion_max));
        tidy();
        BATON_TRY_VOID(writer_->release());
        tidy();
        tell_room();
        return {};
    }

    /// When the one that is written is all there is and takes much of what is allowed, what is dead
    /// in it goes only if it is written no more.
    Result<void> leave_segment() {
        const auto current = writer_->current();
        if (config_.size_max == 0 || writer_->first_segment() != current) return {};
        if (writer_->offset() < config_.size_max / 8 || !index_->is_half_dead(current)) return {};
        BATON_TRY(const auto appended, writer_->begin_segment(batch_));
        return apply(batch_, appended);
    }

    /// Whether the oldest segment is to be moved: when too much is dead in all, or space is scarce
    /// and moving it makes more, now or when those behind it follow.
    [[nodiscard]] bool is_worth_moving(std::uint32_t oldest) const {
        if (oldest == writer_->current() || !writer_->segments().contains(oldest)) return false;
        return index_->is_wasteful(slack_segments * config_.segment_size) ||
               (is_scarce() && index_->is_half_dead(oldest)) ||
               (writer_->has_reserve() && is_full_or_over() && index_->is_wasteful(0));
    }
    [[nodiscard]] bool is_scarce() const { return is_full_or_over() || !writer_->has_reserve(); }
    [[nodiscard]] bool is_full_or_over() const { return is_full_ || writer_->allowed_room() == 0; }

    /// Moves a portion of the oldest segment when that is worth it. No space for it and for the
    /// batch that is to be written: not now.
    Result<void> compact(std::uint64_t portion) {
        const auto oldest = writer_->first_segment();
        if (!compactor_) {
            if (!is_worth_moving(oldest)) return {};
            compactor_.emplace(*index_, writer_->segments(), oldest);
        }
        BATON_TRY(const bool ended, compactor_->step(portion, moved_));
        if (moved_.count > 0) {
            const auto space = is_scarce() ? LogWriter::Space::reserve : LogWriter::Space::ordinary;
            BATON_TRY(const bool has_room,
                writer_->make_room_for_both(moved_.batch.size(), batch_.size(), space));
            if (!has_room) {
                compactor_.reset();
                return {};
            }
            BATON_TRY(const auto appended, writer_->append(moved_.batch, moved_.count, space));
            BATON_TRY_VOID(apply(moved_.batch, appended));
        }
        if (ended) {
            const std::scoped_lock lock(mutex_);
            index_->forget_dedup(compactor_->segment());
            compactor_.reset();
        }
        return {};
    }

    /// Lets go of the segments in which nothing counts any more.
    void tidy() {
        const auto oldest_kept = writer_->remove_released();
        auto first = writer_->first_segment();
        const std::scoped_lock lock(mutex_);
        while (!readable_.empty() && readable_.begin()->first < oldest_kept) {
            index_->forget_segment(readable_.begin()->first);
            readable_.erase(readable_.begin());
        }
        while (first != writer_->current() && index_->is_releasable(first)) ++first;
        writer_->release_before(first);
        if (compactor_ && compactor_->segment() < first) compactor_.reset();
    }

    std::unique_ptr<FileSystem> owned_;
    FileSystem& files_;
    const JournalConfig config_;
    const std::unique_ptr<SharedLog> shared_;  // null: the files are all there is

    // Of the thread that commits.
    std::unique_ptr<LogWriter> writer_;
    std::optional<Compactor> compactor_;
    std::optional<Error> broken_;  // after it is unknown what was written
    bool is_promised_ = false;     // the next batch has been told what room it has
    bool is_full_ = false;         // the last one that asked for more room got none
    Buffer batch_;
    Moved moved_;
    std::uint64_t committed_bytes_ = 0;

    // Changed by that thread, read by all: under the mutex.
    std::mutex mutex_;
    std::unique_ptr<LiveIndex> index_;
    Segments readable_;
};

Result<void> check(const JournalConfig& config) {
    if (config.segment_size >= JournalConfig::segment_size_min &&
        config.segment_size <= JournalConfig::segment_size_max &&
        config.segment_size % data_begin == 0) {
        return {};
    }
    return fail(Errc::invalid_config,
        fmt::format("a journal segment has {} to {} bytes, a multiple of {}",
            JournalConfig::segment_size_min, JournalConfig::segment_size_max, data_begin));
}

}  // namespace

Result<std::unique_ptr<Store>> make_journal_store(
    std::filesystem::path folder, JournalConfig config, std::unique_ptr<SharedLog> shared) {
    BATON_TRY_VOID(check(config));
    BATON_TRY(auto files, make_posix_file_system(std::move(folder)));
    FileSystem& used = *files;
    return std::make_unique<JournalStore>(
        std::move(files), used, std::move(config), std::move(shared));
}

Result<std::unique_ptr<Store>> make_journal_store(
    FileSystem& files, JournalConfig config, std::unique_ptr<SharedLog> shared) {
    BATON_TRY_VOID(check(config));
    return std::make_unique<JournalStore>(nullptr, files, std::move(config), std::move(shared));
}

}  // namespace baton::queue
