#include "queue/store/sqlite/sqlite_store.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "base/answer_budget.h"
#include "queue/store/sqlite/record_writer.h"
#include "queue/store/sqlite/recovery.h"
#include "queue/store/sqlite/room_gauge.h"
#include "queue/store/sqlite/row_codec.h"
#include "queue/store/sqlite/schema.h"

namespace baton::queue {
namespace {

using db::Statement;
using db::Value;

constexpr Statement read_message{R"sql(
    SELECT level, ordering_key, fairness_key, dedup_key, headers, metadata, content
    FROM messages WHERE id = ?)sql"};
constexpr Statement read_reply_row{"SELECT at, metadata, result FROM replies WHERE id = ?"};
constexpr Statement read_output_rows{R"sql(
    SELECT offset, attempt, at, data FROM output_events
    WHERE id = ? AND offset >= ? ORDER BY offset LIMIT ?)sql"};
constexpr Statement sync_full{"PRAGMA synchronous = FULL"};
// So that a hole in the log is not taken for rot (unsynced_user_version in db/sqlite).
constexpr Statement expect_holes{"PRAGMA user_version = 1"};
constexpr Statement sync_normal{"PRAGMA synchronous = NORMAL"};
constexpr Statement fold_log{"PRAGMA wal_checkpoint(TRUNCATE)"};

bool has_content(std::span<const Record> records) {
    return std::ranges::any_of(records, [](const Record& record) {
        return std::holds_alternative<MessagePosted>(record) ||
               std::holds_alternative<OutputAppended>(record) ||
               std::holds_alternative<ReplyStored>(record);
    });
}

class SqliteStore final : public Store {
public:
    SqliteStore(std::unique_ptr<db::Connection> writer, std::unique_ptr<db::Connection> reader,
        RoomGauge gauge)
        : writer_(std::move(writer)), gauge_(std::move(gauge)), reader_(std::move(reader)) {}

    Result<void> recover(RecoverySink& sink) override { return recover_from(*writer_, sink); }

    Result<std::uint64_t> reserve(std::uint64_t bytes) override {
        if (broken_) return fail(*broken_);
        auto room = gauge_.reserve(*writer_, bytes);
        if (!room && room.error().code == Errc::storage_full && fold()) {
            room = gauge_.reserve(*writer_, bytes);
        }
        return note(std::move(room));
    }

    Result<void> commit(std::span<const Record> records, Durability durability) override {
        if (broken_) return fail(*broken_);
        auto result = write(records, durability);
        if (!result && result.error().code == Errc::storage_full) {
            gauge_.forget();
            // What makes room must go on, also when others have filled the disk.
            const bool given_up = !has_content(records) && gauge_.give_up_reserve();
            if (fold_whole() || given_up) result = write(records, durability);
        }
        return note(std::move(result));
    }

    Result<std::vector<std::shared_ptr<const MessageData>>> read(
        std::span<const Locator> messages) override {
        const std::scoped_lock lock(reader_mutex_);
        std::vector<std::shared_ptr<const MessageData>> found;
        found.reserve(messages.size());
        for (const auto& at : messages) {
            BATON_TRY(auto data, read_one(at));
            found.push_back(std::move(data));
        }
        return found;
    }

    Result<std::shared_ptr<const Reply>> read_reply(Locator message) override {
        const std::scoped_lock lock(reader_mutex_);
        std::shared_ptr<Reply> reply;
        const std::array<Value, 1> id{row_id(message)};
        const auto rows = reader_->execute(read_reply_row, id, [&](const db::Row& row) {
            reply = std::make_shared<Reply>();
            reply->at = from_unix_ms(row.integer(0));
            reply->metadata = row.text(1);
            reply->result = Bytes::copy_of(row.text(2));
            return true;
        });
        if (!rows) return fail(rows.error());
        return reply;
    }

    Result<std::vector<OutputEvent>> read_output(
        Locator message, std::uint64_t from, std::size_t max) override {
        const std::scoped_lock lock(reader_mutex_);
        std::vector<OutputEvent> events;
        const std::array<Value, 3> page{
            row_id(message), static_cast<std::int64_t>(from), static_cast<std::int64_t>(max)};
        AnswerBudget budget;
        const auto rows = reader_->execute(read_output_rows, page, [&](const db::Row& row) {
            if (!budget.take(row.text(3).size())) return false;
            events.push_back({.offset = static_cast<std::uint64_t>(row.integer(0)),
                .attempt = static_cast<std::uint32_t>(row.integer(1)),
                .at = from_unix_ms(row.integer(2)),
                .data = Bytes::copy_of(row.text(3))});
            return true;
        });
        if (!rows) return fail(rows.error());
        return events;
    }

    /// Folding begins with a sync of the log.
    Result<void> close() override {
        if (broken_) return {};
        const std::scoped_lock lock(reader_mutex_);
        const auto folded = writer_->execute(fold_log);
        return folded ? Result<void>() : fail(folded.error());
    }

private:
    /// After anything else than a refusal it is not known what the file holds. A busy file is this
    /// store's `unavailable`.
    template <class T>
    Result<T> note(Result<T> result) {
        if (result || result.error().code == Errc::storage_full) return result;
        if (result.error().code == Errc::database_unavailable) {
            result.error().code = Errc::unavailable;
        } else {
            broken_ = result.error();
        }
        return result;
    }

    Result<void> write(std::span<const Record> records, Durability durability) {
        BATON_TRY_VOID(set_sync(durability));
        std::uint64_t growth = 0;
        BATON_TRY_VOID(db::in_transaction(*writer_, [&]() -> Result<void> {
            BATON_TRY(growth, write_records(*writer_, records));
            return {};
        }));
        gauge_.spend(growth);
        return {};
    }

    /// Folds the log into the file, which gives its space back to a disk that is full. False: that
    /// would be of no use, or did not work.
    bool fold() {
        if (!gauge_.log_is_worth_folding()) return false;
        const std::scoped_lock lock(reader_mutex_);
        return writer_->execute(fold_log).has_value() && !gauge_.log_is_worth_folding();
    }
    /// The same for a log of any size.
    bool fold_whole() {
        if (gauge_.log_bytes() == 0) return false;
        const std::scoped_lock lock(reader_mutex_);
        return writer_->execute(fold_log).has_value() && gauge_.log_bytes() == 0;
    }

    /// SQLite takes the pragma between transactions only.
    Result<void> set_sync(Durability durability) {
        if (durability == sync_) return {};
        if (!expects_holes_) {
            BATON_TRY_VOID(writer_->execute(expect_holes));
            expects_holes_ = true;
        }
        const auto set =
            writer_->execute(durability == Durability::fsync ? sync_full : sync_normal);
        if (!set) return fail(set.error());
        sync_ = durability;
        return {};
    }

    Result<std::shared_ptr<const MessageData>> read_one(Locator at) {
        std::shared_ptr<MessageData> data;
        std::optional<Error> bad;
        const std::array<Value, 1> id{row_id(at)};
        const auto rows = reader_->execute(read_message, id, [&](const db::Row& row) {
            auto headers = headers_from_text(row.text(4));
            if (!headers) {
                bad = headers.error();
                return false;
            }
            data = std::make_shared<MessageData>(MessageData{.content = Bytes::copy_of(row.text(6)),
                .priority = static_cast<Level>(row.integer(0)),
                .ordering_key = std::string(row.text(1)),
                .fairness_key = std::string(row.text(2)),
                .dedup_key = std::string(row.text(3)),
                .headers = *std::move(headers),
                .metadata = std::string(row.text(5))});
            return true;
        });
        if (!rows) return fail(rows.error());
        if (bad) return fail(*bad);
        return data;
    }

    std::unique_ptr<db::Connection> writer_;
    std::optional<Error> broken_;  // after it is unknown what was written
    RoomGauge gauge_;
    Durability sync_ = Durability::fsync;
    bool expects_holes_ = false;
    std::mutex reader_mutex_;
    std::unique_ptr<db::Connection> reader_;
};

}  // namespace

Result<std::unique_ptr<Store>> make_sqlite_store(db::Database& database) {
    BATON_TRY(auto writer, database.connect());
    BATON_TRY(const int version, db::migrate_up(*writer, schema::migrations));
    static_cast<void>(version);
    BATON_TRY(auto gauge, RoomGauge::of(*writer));
    BATON_TRY(auto reader, database.connect());
    return std::make_unique<SqliteStore>(std::move(writer), std::move(reader), std::move(gauge));
}

}  // namespace baton::queue
