#include "queue/archive/line_reader.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "queue/archive/archive_fields.h"
#include "queue/archive/import_values.h"

namespace baton::queue {
namespace {

std::unexpected<Error> bad(std::string what) {
    return fail(Errc::invalid_argument, std::move(what));
}

}  // namespace

LineReader::LineReader(
    const std::vector<PresentQueues>& present, const Placement& placement, ImportOptions options)
    : batches(present.size()),
      puts(present.size()),
      replaced(present.size()),
      present_(present),
      placement_(placement),
      options_(options) {
    for (std::size_t i = 0; i < present.size(); ++i) {
        next_numbers_.push_back(present[i].next_number);
        guests_.push_back(static_cast<std::size_t>(std::ranges::count_if(present[i].queues,
            [&](const auto& queue) { return placement.is_guest(i, queue.second.uid); })));
    }
}

Result<void> LineReader::read(std::string_view line) {
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
    return read_of_queue(kind, fields);
}

Result<void> LineReader::read_of_queue(std::string_view kind, const Fields& fields) {
    if (kind == "message") return message(fields);
    if (kind == "finished") return finished(fields);
    if (kind == "reply") return reply(fields);
    if (kind == "output") return output(fields);
    if (kind == "cursor") return cursor(fields);
    return paused_key(fields);
}
Result<void> LineReader::finish() const {
    if (has_ended_) return {};
    return bad("the last line is missing: the export is not complete");
}

void LineReader::add(Record record, std::size_t bytes) {
    if (is_kept_) return;
    batches[place_].records.push_back(std::move(record));
    batches[place_].bytes += bytes;
}

Result<void> LineReader::begin(std::string_view kind, const Fields& fields) {
    if (has_begun_ || kind != "baton_export") return bad("is no export of Baton");
    BATON_TRY(const auto version, fields.integer("version"));
    if (version != 1) {
        return bad(fmt::format("is an export of version {}, not 1", version));
    }
    has_begun_ = true;
    return {};
}

Result<void> LineReader::queue(const Fields& fields) {
    fill_up();
    BATON_TRY(const auto name, fields.text("name"));
    BATON_TRY(auto parsed, parse_queue_name(name));
    BATON_TRY(const auto uid_text, fields.text("uid"));
    QueuePut put;
    const char* const end = uid_text.data() + uid_text.size();
    const auto [stop, error] = std::from_chars(uid_text.data(), end, put.uid, 16);
    if (error != std::errc() || stop != end || put.uid == 0) {
        return fields.fail_at("uid", std::string("is no uid"));
    }
    put.info.name = std::move(parsed);
    BATON_TRY(const auto owner, fields.text("owner"));
    if (!owner.empty()) put.info.owner = TenantId(std::string(owner));
    BATON_TRY(put.info.created_at, read_time(fields, "created_at"));
    BATON_TRY(put.info.paused, fields.boolean("paused", false));
    const auto* config = fields.find("config");
    if (config == nullptr) return fields.fail_at("config", "is missing");
    BATON_TRY(put.info.config, queue_config_from_json(*config));
    BATON_TRY(const auto next_seq,
        fields.integer("next_seq", {.min = 1, .max = static_cast<std::int64_t>(seq_max) + 1}));
    next_seq_ = static_cast<std::uint64_t>(next_seq);
    last_seq_ = 0;
    return place(std::move(put));
}

/// Finds out where the queue goes, and whether it may.
Result<void> LineReader::place(QueuePut put) {
    const auto& name = put.info.name;
    place_ = placement_.place(name);
    if (put.info.config.durability == Durability::memory) {
        put.uid = placement_.memory_uid(place_, put.uid);
    }
    if (!names_.insert(name).second) return bad(fmt::format("queue `{}` comes twice", name.text));
    if (!uids_.insert(put.uid).second) return bad("has the uid of another queue");
    BATON_TRY(is_kept_, is_present(name, put.uid));
    queue_ = put.number = QueueNumber{next_numbers_[place_]};
    uid_ = put.info.uid = put.uid;
    ++counts.queues;
    if (is_kept_) {
        ++kept.queues;
        return {};
    }
    if (++next_numbers_[place_] > queue_number_max) {
        return fail(Errc::unsupported, "too many queues");
    }
    if (placement_.is_guest(place_, uid_) && ++guests_[place_] > placement_.guests_max) {
        return fail(Errc::unsupported,
            fmt::format("more than {} queues come to partition {} with ids that name another one",
                placement_.guests_max, place_));
    }
    puts[place_].push_back(put);
    put.info.name.text.insert(0, 1, unfinished_mark);
    add(std::move(put));
    return {};
}

/// Whether the very queue is there, and is to be left alone. Fails: queue_exists.
Result<bool> LineReader::is_present(const QueueName& name, std::uint64_t uid) {
    const auto& here = present_[place_].queues;
    const auto found = here.find(name);
    if (found != here.end()) {
        const bool is_same = found->second.uid == uid;
        if (is_same && options_.keeps_present) return true;
        if (!found->second.gives_way) {
            return fail(Errc::queue_exists, fmt::format("there is a queue `{}` already{}",
                                                name.text, is_same ? ", with the same ids" : ""));
        }
        replaced[place_].push_back(found->second.number);
    }
    for (const auto& store : present_) {
        for (const auto& [other, queue] : store.queues) {
            if (queue.uid != uid || (other == name && queue.gives_way)) continue;
            return fail(Errc::queue_exists,
                fmt::format("queue `{}` has the uid {:016x} already", other.text, uid));
        }
    }
    return false;
}

/// Seqs ascend in a store.
Result<void> LineReader::advance_to(std::uint64_t seq) {
    if (seq <= last_seq_ || seq >= next_seq_) return bad("its seq is out of order");
    last_seq_ = seq;
    return {};
}
/// A store learns from posts which seqs were given out: one that is gone at once says the last.
void LineReader::fill_up() {
    if (!queue_ || next_seq_ <= last_seq_ + 1) return;
    post_and_go(next_seq_ - 1, {}, {});
}
void LineReader::post_and_go(std::uint64_t seq, std::string dedup_key, TimePoint dedup_until) {
    auto data = std::make_shared<MessageData>();
    data->content = Bytes(std::string("-"));
    data->dedup_key = std::move(dedup_key);
    add(MessagePosted{.at = {*queue_, seq}, .data = std::move(data), .dedup_until = dedup_until});
    add(MessageGone{{*queue_, seq}});
}

Result<void> LineReader::message(const Fields& fields) {
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
    const std::size_t size = posted.data->content.size();
    add(std::move(posted), size);
    ++counts.messages;
    if (is_kept_) ++kept.messages;
    const auto* delivery = fields.find("delivery");
    if (delivery == nullptr) return {};
    BATON_TRY(auto state, read_delivery(*delivery));
    add(DeliveryChanged{{*queue_, seq}, std::move(state)});
    return {};
}
Result<void> LineReader::finished(const Fields& fields) {
    BATON_TRY(const auto seq, read_seq(fields));
    BATON_TRY_VOID(advance_to(seq));
    BATON_TRY(auto key, read_bytes(fields, "dedup_key"));
    BATON_TRY(const auto until, read_time(fields, "dedup_until"));
    post_and_go(seq, std::move(key), until);
    return {};
}
Result<void> LineReader::reply(const Fields& fields) {
    BATON_TRY(const auto seq, read_seq(fields));
    auto reply = std::make_shared<Reply>();
    reply->message = {.queue_uid = uid_, .seq = seq};
    BATON_TRY(reply->at, read_time(fields, "at"));
    BATON_TRY(reply->metadata, read_bytes(fields, "metadata"));
    BATON_TRY_VOID(check_metadata(fields, reply->metadata));
    BATON_TRY(auto result, read_bytes(fields, "result"));
    reply->result = Bytes(std::move(result));
    const std::size_t size = reply->result.size();
    BATON_TRY(const auto expires_at, read_time(fields, "expires_at"));
    add(ReplyStored{{*queue_, seq}, std::move(reply), expires_at}, size);
    return {};
}
Result<void> LineReader::output(const Fields& fields) {
    BATON_TRY(const auto seq, read_seq(fields));
    OutputAppended appended{.at = {*queue_, seq}};
    BATON_TRY(const auto offset, fields.integer("offset"));
    appended.first = static_cast<std::uint64_t>(offset);
    BATON_TRY(appended.attempt, read_count(fields, "attempt"));
    BATON_TRY(appended.appended_at, read_time(fields, "at"));
    BATON_TRY(appended.expires_at, read_time(fields, "expires_at"));
    BATON_TRY(auto data, read_bytes(fields, "data"));
    const std::size_t size = data.size();
    appended.events.emplace_back(std::move(data));
    add(std::move(appended), size);
    return {};
}
Result<void> LineReader::cursor(const Fields& fields) {
    BATON_TRY(const auto name, fields.text("subscription"));
    BATON_TRY(const auto committed, fields.integer("committed"));
    add(CursorMoved{*queue_, std::string(name), static_cast<std::uint64_t>(committed)});
    return {};
}
Result<void> LineReader::paused_key(const Fields& fields) {
    BATON_TRY(const auto kind, fields.text("kind"));
    KeyPaused paused{.queue = *queue_};
    BATON_TRY(paused.kind, parse_key_kind(kind));
    BATON_TRY(paused.key, read_bytes(fields, "key"));
    add(std::move(paused));
    return {};
}
Result<void> LineReader::quota(const Fields& fields) {
    BATON_TRY(const auto owner, fields.text("owner"));
    BATON_TRY(const auto limit, fields.integer("limit_bytes"));
    quotas.emplace_back(QuotaSet{TenantId(std::string(owner)), static_cast<std::uint64_t>(limit)});
    return {};
}
Result<void> LineReader::end(const Fields& fields) {
    fill_up();
    BATON_TRY(const auto queues, fields.integer("queues"));
    BATON_TRY(const auto messages, fields.integer("messages"));
    const ArchiveCounts told{
        static_cast<std::uint64_t>(queues), static_cast<std::uint64_t>(messages)};
    if (told != counts) return bad("says another number of queues or messages than came");
    has_ended_ = true;
    return {};
}

}  // namespace baton::queue
