#include <charconv>
#include <istream>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "queue/archive/archive.h"
#include "queue/archive/archive_fields.h"
#include "queue/archive/import_values.h"

namespace baton::queue {
namespace {

// A commit takes place when it holds this much.
constexpr std::size_t commit_records = 1'000;
constexpr std::size_t commit_bytes = 4 * 1024 * 1024;

/// Turns lines into records, one queue after the other.
class LineReader {
public:
    /// Numbers of queues are given out from `next_number` on.
    explicit LineReader(std::uint32_t next_number) : next_number_(next_number) {}

    std::vector<Record> records;
    std::size_t bytes = 0;  ///< of contents in `records`
    ArchiveCounts counts;
    std::set<QueueName> names;
    std::set<std::uint64_t> uids;

    Result<void> read(std::string_view line) {
        auto value = parse_json(line);
        if (!value) return fail(Errc::invalid_argument, value.error().detail);
        const auto* object = value->if_object();
        if (object == nullptr || object->size() != 1 || has_ended_) return bad("is no line of one");
        const auto& [kind, body] = *object->begin();
        const auto known = archive_fields::of(kind);
        if (known.empty()) return bad("is of an unknown kind");
        BATON_TRY(const auto fields, fields_of(body, known));
        if (!has_begun_ || kind == "baton_export") return begin(kind, fields);
        if (kind == "queue") return queue(fields);
        if (kind == "quota") return quota(fields);
        if (kind == "end") return end(fields);
        if (!queue_) return bad("stands before its queue");
        if (kind == "message") return message(fields);
        if (kind == "finished") return finished(fields);
        if (kind == "reply") return reply(fields);
        if (kind == "output") return output(fields);
        if (kind == "cursor") return cursor(fields);
        return paused_key(fields);
    }
    Result<void> finish() const {
        if (has_ended_) return {};
        return bad("the last line is missing: the export is not complete");
    }

private:
    static std::unexpected<Error> bad(std::string what) {
        return fail(Errc::invalid_argument, std::move(what));
    }

    Result<void> begin(std::string_view kind, const Fields& fields) {
        if (has_begun_ || kind != "baton_export") return bad("is no export of Baton");
        BATON_TRY(const auto version, fields.integer("version"));
        if (version != 1) {
            return bad(fmt::format("is an export of version {}, not 1", version));
        }
        has_begun_ = true;
        return {};
    }

    Result<void> queue(const Fields& fields) {
        fill_up();
        BATON_TRY(const auto name, fields.text("name"));
        BATON_TRY(auto parsed, parse_queue_name(name));
        if (!names.insert(parsed).second) return bad(fmt::format("queue `{}` comes twice", name));
        if (next_number_ > queue_number_max) return fail(Errc::unsupported, "too many queues");
        BATON_TRY(const auto uid_text, fields.text("uid"));
        QueuePut put{.number = QueueNumber{next_number_++}};
        const char* const end = uid_text.data() + uid_text.size();
        const auto [stop, error] = std::from_chars(uid_text.data(), end, put.uid, 16);
        if (error != std::errc() || stop != end || put.uid == 0) {
            return fields.fail_at("uid", std::string("is no uid"));
        }
        if (!uids.insert(put.uid).second) return bad("has the uid of another queue");
        put.info.name = std::move(parsed);
        put.info.uid = put.uid;
        BATON_TRY(const auto owner, fields.text("owner"));
        if (!owner.empty()) put.info.owner = TenantId(std::string(owner));
        BATON_TRY(put.info.created_at, read_time(fields, "created_at"));
        BATON_TRY(put.info.paused, fields.boolean("paused", false));
        const auto* config = fields.find("config");
        if (config == nullptr) return fields.fail_at("config", "is missing");
        BATON_TRY(put.info.config, queue_config_from_json(*config));
        BATON_TRY(const auto next_seq,
            fields.integer("next_seq", {.min = 1, .max = static_cast<std::int64_t>(seq_max) + 1}));
        queue_ = put.number;
        uid_ = put.uid;
        next_seq_ = static_cast<std::uint64_t>(next_seq);
        last_seq_ = 0;
        ++counts.queues;
        records.emplace_back(std::move(put));
        return {};
    }

    /// Seqs ascend in a store.
    Result<void> advance_to(std::uint64_t seq) {
        if (seq <= last_seq_ || seq >= next_seq_) return bad("its seq is out of order");
        last_seq_ = seq;
        return {};
    }
    /// A store learns from posts which seqs were given out: one that is gone at once says the last.
    void fill_up() {
        if (!queue_ || next_seq_ <= last_seq_ + 1) return;
        post_and_go(next_seq_ - 1, {}, {});
    }
    void post_and_go(std::uint64_t seq, std::string dedup_key, TimePoint dedup_until) {
        auto data = std::make_shared<MessageData>();
        data->content = Bytes(std::string("-"));
        data->dedup_key = std::move(dedup_key);
        records.emplace_back(MessagePosted{
            .at = {*queue_, seq}, .data = std::move(data), .dedup_until = dedup_until});
        records.emplace_back(MessageGone{{*queue_, seq}});
    }

    Result<void> message(const Fields& fields) {
        BATON_TRY(const auto seq, read_seq(fields));
        BATON_TRY_VOID(advance_to(seq));
        MessagePosted posted{.at = {*queue_, seq}};
        BATON_TRY(posted.posted_at, read_time(fields, "posted_at"));
        BATON_TRY(posted.due_at, read_time(fields, "due_at"));
        if (fields.find("expires_at") != nullptr) {
            BATON_TRY(posted.expires_at, read_time(fields, "expires_at"));
        }
        BATON_TRY(posted.dedup_until, read_time(fields, "dedup_until"));
        BATON_TRY(posted.data, read_data(fields));
        bytes += posted.data->content.size();
        records.emplace_back(std::move(posted));
        ++counts.messages;
        const auto* delivery = fields.find("delivery");
        if (delivery == nullptr) return {};
        BATON_TRY(auto state, read_delivery(*delivery));
        records.emplace_back(DeliveryChanged{{*queue_, seq}, std::move(state)});
        return {};
    }
    Result<void> finished(const Fields& fields) {
        BATON_TRY(const auto seq, read_seq(fields));
        BATON_TRY_VOID(advance_to(seq));
        BATON_TRY(auto key, read_bytes(fields, "dedup_key"));
        BATON_TRY(const auto until, read_time(fields, "dedup_until"));
        post_and_go(seq, std::move(key), until);
        return {};
    }
    Result<void> reply(const Fields& fields) {
        BATON_TRY(const auto seq, read_seq(fields));
        auto reply = std::make_shared<Reply>();
        reply->message = {.queue_uid = uid_, .seq = seq};
        BATON_TRY(reply->at, read_time(fields, "at"));
        BATON_TRY(reply->metadata, read_bytes(fields, "metadata"));
        BATON_TRY_VOID(check_metadata(fields, reply->metadata));
        BATON_TRY(auto result, read_bytes(fields, "result"));
        reply->result = Bytes(std::move(result));
        bytes += reply->result.size();
        BATON_TRY(const auto expires_at, read_time(fields, "expires_at"));
        records.emplace_back(ReplyStored{{*queue_, seq}, std::move(reply), expires_at});
        return {};
    }
    Result<void> output(const Fields& fields) {
        BATON_TRY(const auto seq, read_seq(fields));
        OutputAppended appended{.at = {*queue_, seq}};
        BATON_TRY(const auto offset, fields.integer("offset"));
        appended.first = static_cast<std::uint64_t>(offset);
        BATON_TRY(appended.attempt, read_count(fields, "attempt"));
        BATON_TRY(appended.appended_at, read_time(fields, "at"));
        BATON_TRY(appended.expires_at, read_time(fields, "expires_at"));
        BATON_TRY(auto data, read_bytes(fields, "data"));
        bytes += data.size();
        appended.events.emplace_back(std::move(data));
        records.emplace_back(std::move(appended));
        return {};
    }
    Result<void> cursor(const Fields& fields) {
        BATON_TRY(const auto name, fields.text("subscription"));
        BATON_TRY(const auto committed, fields.integer("committed"));
        records.emplace_back(
            CursorMoved{*queue_, std::string(name), static_cast<std::uint64_t>(committed)});
        return {};
    }
    Result<void> paused_key(const Fields& fields) {
        BATON_TRY(const auto kind, fields.text("kind"));
        KeyPaused paused{.queue = *queue_};
        BATON_TRY(paused.kind, parse_key_kind(kind));
        BATON_TRY(paused.key, read_bytes(fields, "key"));
        records.emplace_back(std::move(paused));
        return {};
    }
    Result<void> quota(const Fields& fields) {
        BATON_TRY(const auto owner, fields.text("owner"));
        BATON_TRY(const auto limit, fields.integer("limit_bytes"));
        records.emplace_back(
            QuotaSet{TenantId(std::string(owner)), static_cast<std::uint64_t>(limit)});
        return {};
    }
    Result<void> end(const Fields& fields) {
        fill_up();
        BATON_TRY(const auto queues, fields.integer("queues"));
        BATON_TRY(const auto messages, fields.integer("messages"));
        const ArchiveCounts told{
            static_cast<std::uint64_t>(queues), static_cast<std::uint64_t>(messages)};
        if (told != counts) return bad("says another number of queues or messages than came");
        has_ended_ = true;
        return {};
    }

    std::uint32_t next_number_;
    std::optional<QueueNumber> queue_;
    std::uint64_t uid_ = 0;
    std::uint64_t next_seq_ = 1;
    std::uint64_t last_seq_ = 0;
    bool has_begun_ = false;
    bool has_ended_ = false;
};

/// What the store has already.
class Present final : public RecoverySink {
public:
    void queue(QueuePut queue, std::uint64_t) override {
        next_number = std::max(next_number, static_cast<std::uint32_t>(queue.number) + 1);
        names.insert(queue.info.name);
        uids.insert(queue.uid);
    }
    void message(RecoveredMessage) override {}
    void dedup(Locator, std::string, TimePoint) override {}
    void reply(RecoveredReply) override {}
    void output(RecoveredOutput) override {}
    void cursor(QueueNumber, std::string, std::uint64_t) override {}
    void paused_key(QueueNumber, KeyKind, std::string) override {}
    void quota(TenantId, std::uint64_t) override {}

    std::uint32_t next_number = 1;
    std::set<QueueName> names;
    std::set<std::uint64_t> uids;
};

Result<void> check_new(const LineReader& lines, const Present& present) {
    for (const auto& name : lines.names) {
        if (!present.names.contains(name)) continue;
        return fail(
            Errc::queue_exists, fmt::format("the store has a queue `{}` already", name.text));
    }
    for (const auto uid : lines.uids) {
        if (!present.uids.contains(uid)) continue;
        return fail(Errc::queue_exists,
            fmt::format("the store has the queue with the uid {:016x} already", uid));
    }
    return {};
}

/// Reads all lines; `store` takes the records as they come, unless it is null.
Result<ArchiveCounts> read_all(std::istream& in, LineReader& reader, Store* store) {
    in.clear();
    if (!in.seekg(0)) {
        return fail(
            Errc::invalid_argument, "an export is read twice, which this input does not allow");
    }
    std::uint64_t number = 0;
    const auto pass_on = [&]() -> Result<void> {
        if (store != nullptr && !reader.records.empty()) {
            BATON_TRY_VOID(store->commit(reader.records, Durability::fsync));
        }
        reader.records.clear();
        reader.bytes = 0;
        return {};
    };
    for (std::string line; std::getline(in, line);) {
        ++number;
        const auto read = reader.read(line);
        if (!read) return fail(with_context(read.error(), fmt::format("line {}", number)));
        if (reader.records.size() >= commit_records || reader.bytes >= commit_bytes) {
            BATON_TRY_VOID(pass_on());
        }
    }
    if (in.bad()) return fail(Errc::storage_io, "the export could not be read to its end");
    BATON_TRY_VOID(reader.finish());
    BATON_TRY_VOID(pass_on());
    return reader.counts;
}

}  // namespace

Result<ArchiveCounts> import_store(Store& store, std::istream& in) {
    Present present;
    BATON_TRY_VOID(store.recover(present));
    LineReader rehearsal(present.next_number);
    BATON_TRY(const auto expected, read_all(in, rehearsal, nullptr));
    BATON_TRY_VOID(check_new(rehearsal, present));
    LineReader reader(present.next_number);
    BATON_TRY(const auto counts, read_all(in, reader, &store));
    if (counts != expected) return fail(Errc::internal, "the export changed while it was read");
    return counts;
}

}  // namespace baton::queue
