#include <algorithm>
#include <list>
#include <map>
#include <ostream>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"
#include "queue/archive/archive.h"
#include "queue/archive/line_reader.h"

namespace baton::queue {
namespace {

namespace json = boost::json;

constexpr std::size_t read_at_once = 100;
constexpr std::size_t events_at_once = 1'000;

struct DedupKey {
    std::string key;
    TimePoint until{};
};

/// What a store tells of one queue.
struct Content {
    QueuePut put;
    std::uint64_t next_seq = 1;
    std::vector<RecoveredMessage> messages;
    std::multimap<std::uint64_t, DedupKey> dedup;
    std::vector<std::pair<std::uint64_t, TimePoint>> replies;
    std::vector<RecoveredOutput> outputs;
    std::map<std::string, std::uint64_t> cursors;
    std::vector<std::pair<KeyKind, std::string>> paused_keys;
};

class Collector final : public RecoverySink {
public:
    void queue(QueuePut queue, std::uint64_t next_seq) override {
        Content& content = contents[queue.number];
        content.put = std::move(queue);
        content.next_seq = next_seq;
    }
    void message(RecoveredMessage message) override {
        contents[message.at.queue].messages.push_back(std::move(message));
    }
    void dedup(Locator first, std::string key, TimePoint until) override {
        contents[first.queue].dedup.emplace(first.seq, DedupKey{std::move(key), until});
    }
    void reply(RecoveredReply reply) override {
        contents[reply.at.queue].replies.emplace_back(reply.at.seq, reply.expires_at);
    }
    void output(RecoveredOutput output) override {
        contents[output.at.queue].outputs.push_back(output);
    }
    void cursor(QueueNumber queue, std::string subscription, std::uint64_t committed) override {
        contents[queue].cursors[std::move(subscription)] = committed;
    }

    void paused_key(QueueNumber queue, KeyKind kind, std::string key) override {
        contents[queue].paused_keys.emplace_back(kind, std::move(key));
    }
    void quota(TenantId owner, std::uint64_t limit) override { quotas[owner] = limit; }

    std::map<QueueNumber, Content> contents;
    std::map<TenantId, std::uint64_t> quotas;
};

/// Bytes as text where they are UTF-8, else as `<name>_base64`.
void put_bytes(json::object& object, std::string_view name, std::string_view bytes) {
    if (is_utf8(bytes)) {
        object[name] = bytes;
    } else {
        object[std::string(name) + "_base64"] = base64_encode(bytes);
    }
}
void put_text(json::object& object, std::string_view name, std::string_view text) {
    if (!text.empty()) put_bytes(object, name, text);
}

json::object to_object(const Delivery& delivery) {
    json::object object{{"state", to_string(delivery.state)},
        {"due_at", to_unix_ms(delivery.due_at)}, {"attempts", delivery.attempts},
        {"failures", delivery.failures}};
    if (delivery.entered_at != TimePoint{}) object["entered_at"] = to_unix_ms(delivery.entered_at);
    if (delivery.level) object["level"] = to_string(*delivery.level);
    if (delivery.anew) object["anew"] = true;
    if (delivery.redriven) object["redriven"] = true;
    put_text(object, "dead_reason", delivery.dead_reason);
    json::array history;
    for (const auto& note : delivery.history) {
        json::object entry{{"at", to_unix_ms(note.at)}, {"attempt", note.attempt}};
        put_text(entry, "reason", note.reason);
        history.push_back(std::move(entry));
    }
    if (!history.empty()) object["history"] = std::move(history);
    return object;
}

json::object to_object(const RecoveredMessage& message, const MessageData& data) {
    json::object object{{"seq", message.at.seq}, {"posted_at", to_unix_ms(message.posted_at)},
        {"due_at", to_unix_ms(message.due_at)}, {"priority", to_string(data.priority)}};
    if (message.expires_at) object["expires_at"] = to_unix_ms(*message.expires_at);
    put_text(object, "ordering_key", data.ordering_key);
    put_text(object, "fairness_key", data.fairness_key);
    put_text(object, "dedup_key", data.dedup_key);
    put_text(object, "metadata", data.metadata);
    json::array headers;
    for (const auto& header : data.headers) {
        json::object entry;
        put_bytes(entry, "name", header.name);
        put_bytes(entry, "value", header.value);
        headers.push_back(std::move(entry));
    }
    if (!headers.empty()) object["headers"] = std::move(headers);
    put_bytes(object, "content", data.content.view());
    if (message.delivery) object["delivery"] = to_object(*message.delivery);
    return object;
}

class Exporter {
public:
    explicit Exporter(std::ostream& out) : out_(out) {}

    Result<ArchiveCounts> run(std::span<Store* const> stores) {
        std::list<Collector> collectors;
        std::map<TenantId, std::uint64_t> quotas;
        std::map<QueueName, std::pair<Store*, Content*>> queues;
        for (auto* store : stores | std::views::reverse) {
            Collector& collector = collectors.emplace_back();
            BATON_TRY_VOID(store->recover(collector));
            for (const auto& [owner, limit] : collector.quotas) {
                quotas[owner] = std::max(quotas[owner], limit);
            }
            for (auto& [number, content] : collector.contents) {
                const auto& name = content.put.info.name;
                if (name.view().starts_with(unfinished_mark)) continue;
                if (queues.try_emplace(name, store, &content).second) continue;
                return fail(Errc::storage_corrupt,
                    fmt::format("queue `{}` is in two partitions", name.text));
            }
        }
        write("baton_export", json::object{{"version", 1}});
        for (const auto& [owner, limit] : quotas) {
            write("quota", json::object{{"owner", owner.view()}, {"limit_bytes", limit}});
        }
        for (const auto& [name, queue] : queues) {
            store_ = queue.first;
            BATON_TRY_VOID(write_queue(in_order(*queue.second)));
        }
        write("end", json::object{{"queues", counts_.queues}, {"messages", counts_.messages}});
        out_.flush();
        if (!out_) return fail(Errc::storage_io, "the export could not be written");
        return counts_;
    }

private:
    /// By their ends, whatever order the store has, so that equal stores give equal exports.
    static const Content& in_order(Content& content) {
        std::ranges::sort(content.replies, {},
            [](const auto& reply) { return std::pair(reply.second, reply.first); });
        std::ranges::sort(content.outputs, {}, [](const RecoveredOutput& output) {
            return std::pair(output.expires_at, output.at.seq);
        });
        std::ranges::sort(content.paused_keys);
        return content;
    }

    void write(std::string_view kind, json::object object) {
        out_ << json_text(json::object{{kind, std::move(object)}}) << '\n';
    }

    Result<void> write_queue(const Content& content) {
        const auto& info = content.put.info;
        write("queue", json::object{{"name", info.name.view()}, {"owner", info.owner.view()},
                           {"uid", fmt::format("{:016x}", content.put.uid)},
                           {"created_at", to_unix_ms(info.created_at)}, {"paused", info.paused},
                           {"next_seq", content.next_seq}, {"config", to_json(info.config)}});
        ++counts_.queues;
        for (const auto& [kind, key] : content.paused_keys) {
            json::object object{{"kind", to_string(kind)}};
            put_bytes(object, "key", key);
            write("paused_key", std::move(object));
        }
        BATON_TRY_VOID(write_messages(content));
        BATON_TRY_VOID(write_replies(content));
        BATON_TRY_VOID(write_outputs(content));
        for (const auto& [name, committed] : content.cursors) {
            write("cursor", json::object{{"subscription", name}, {"committed", committed}});
        }
        return {};
    }

    /// Messages and the dedup keys of finished ones, by seq.
    Result<void> write_messages(const Content& content) {
        const std::span<const RecoveredMessage> all(content.messages);
        auto dedup = content.dedup.begin();
        for (std::size_t begin = 0; begin < all.size(); begin += read_at_once) {
            const auto some = all.subspan(begin, std::min(read_at_once, all.size() - begin));
            std::vector<Locator> places;
            for (const auto& message : some) places.push_back(message.at);
            BATON_TRY(const auto contents, store_->read(places));
            for (std::size_t i = 0; i < some.size(); ++i) {
                if (!contents[i]) {
                    return fail(Errc::storage_corrupt,
                        fmt::format("message {} of queue `{}` has no content", some[i].at.seq,
                            content.put.info.name.text));
                }
                write_finished(content, dedup, some[i].at.seq);
                auto object = to_object(some[i], *contents[i]);
                if (dedup != content.dedup.end() && dedup->first == some[i].at.seq) {
                    object["dedup_until"] = to_unix_ms(dedup++->second.until);
                }
                write("message", std::move(object));
                ++counts_.messages;
            }
        }
        write_finished(content, dedup, UINT64_MAX);
        return {};
    }
    /// The keys of messages before `seq`, which have gone.
    void write_finished(const Content& content,
        std::multimap<std::uint64_t, DedupKey>::const_iterator& dedup, std::uint64_t seq) {
        for (; dedup != content.dedup.end() && dedup->first < seq; ++dedup) {
            json::object object{
                {"seq", dedup->first}, {"dedup_until", to_unix_ms(dedup->second.until)}};
            put_bytes(object, "dedup_key", dedup->second.key);
            write("finished", std::move(object));
        }
    }

    Result<void> write_replies(const Content& content) {
        for (const auto& [seq, expires_at] : content.replies) {
            BATON_TRY(const auto reply, store_->read_reply({content.put.number, seq}));
            if (!reply) continue;
            json::object object{{"seq", seq}, {"at", to_unix_ms(reply->at)},
                {"expires_at", to_unix_ms(expires_at)}};
            put_text(object, "metadata", reply->metadata);
            put_bytes(object, "result", reply->result.view());
            write("reply", std::move(object));
        }
        return {};
    }

    Result<void> write_outputs(const Content& content) {
        for (const auto& output : content.outputs) {
            for (std::uint64_t from = 0; from < output.events;) {
                BATON_TRY(const auto events, store_->read_output(output.at, from, events_at_once));
                if (events.empty()) break;
                from += events.size();
                for (const auto& event : events) {
                    json::object object{{"seq", output.at.seq}, {"offset", event.offset},
                        {"attempt", event.attempt}, {"at", to_unix_ms(event.at)},
                        {"expires_at", to_unix_ms(output.expires_at)}};
                    put_bytes(object, "data", event.data.view());
                    write("output", std::move(object));
                }
            }
        }
        return {};
    }

    std::ostream& out_;
    Store* store_ = nullptr;  ///< of the queue that is being written
    ArchiveCounts counts_;
};

}  // namespace

Result<ArchiveCounts> export_stores(std::span<Store* const> stores, std::ostream& out) {
    return Exporter(out).run(stores);
}

Result<ArchiveCounts> export_store(Store& store, std::ostream& out) {
    Store* const stores[]{&store};
    return export_stores(stores, out);
}

}  // namespace baton::queue
