// What clients of a queue were told, and whether a daemon that died since keeps to it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "support/daemon_session.h"
#include "support/queue_letters.h"

namespace baton::test {

/// What a client was told, and what it does not know.
struct Ledger {
    std::map<MessageId, std::string> accepted;  ///< content, by id
    std::map<std::string, MessageId> keys;      ///< dedup keys of accepted messages
    std::set<MessageId> leased;                 ///< told by a pop; for an hour, so never again
    std::map<std::string, std::uint64_t> last;  ///< by ordering key: the seq leased last
    std::set<MessageId> acked;                  ///< the daemon said so
    std::set<MessageId> perhaps_acked;          ///< asked, not answered

    /// Notes a lease: nobody else has the message, and those of its key came before.
    void note_lease(const MessageView& message) {
        EXPECT_TRUE(leased.insert(message.id).second) << "two leases of " << message.id.text();
        if (message.data->ordering_key.empty()) return;
        auto& before = last[message.data->ordering_key];
        EXPECT_LT(before, message.id.seq) << "out of order: " << message.data->ordering_key;
        before = message.id.seq;
    }
};

/// What a queue holds: content, state, attempts, failures, by id.
using Kept =
    std::map<MessageId, std::tuple<std::string, MessageState, std::uint32_t, std::uint32_t>>;

inline const QueueName ledger_queue{"crash"};

/// Of an ordering key one message at a time is leased.
inline Kept kept_by(DaemonSession& session, IoPool& pool) {
    Kept kept;
    std::set<std::string> busy;
    client::PeekOptions options{.limit = 1'000};
    do {
        const auto page = pool.run(session.queues.peek(ledger_queue, options));
        if (!page) throw std::runtime_error(to_string(page.error()));
        for (const auto& view : page->messages) {
            const std::tuple state{
                std::string(view.data->content.view()), view.state, view.attempts, view.failures};
            EXPECT_TRUE(kept.emplace(view.id, state).second);
            const auto& key = view.data->ordering_key;
            if (key.empty() || view.state != MessageState::leased) continue;
            EXPECT_TRUE(busy.insert(key).second) << "two of a key at a time: " << key;
        }
        options.cursor = page->next;
    } while (!options.cursor.empty());
    return kept;
}

/// The counters are those of what is there.
inline void expect_counted(DaemonSession& session, IoPool& pool, const Kept& kept) {
    QueueStats seen;
    for (const auto& [id, message] : kept) {
        const auto state = std::get<MessageState>(message);
        seen.ready += state == MessageState::ready ? 1 : 0;
        seen.leased += state == MessageState::leased ? 1 : 0;
        seen.used_storage += std::get<std::string>(message).size();
    }
    const auto told = must(pool.run(session.queues.stats(ledger_queue)));
    EXPECT_EQ(told.ready, seen.ready);
    EXPECT_EQ(told.leased, seen.leased);
    EXPECT_EQ(told.message_count, kept.size());
    EXPECT_EQ(told.used_storage, seen.used_storage);
}

/// Posted again, a key answers with the message that had it first. Of many keys some are tried.
inline void expect_remembered(DaemonSession& session, IoPool& pool, const Ledger& ledger) {
    constexpr std::size_t tried_max = 25;
    const std::size_t step = ledger.keys.size() / tried_max + 1;
    std::size_t number = 0;
    for (const auto& [key, id] : ledger.keys) {
        if (number++ % step != 0) continue;
        std::vector<NewMessage> again(1);
        again.front().data.content = Bytes(std::string("again"));
        again.front().data.dedup_key = key;
        const auto posted = must(pool.run(session.queues.post(ledger_queue, std::move(again))));
        EXPECT_TRUE(posted.front().duplicate) << key;
        EXPECT_EQ(posted.front().id, id) << key;
    }
}

/// Nothing acknowledged is missing or changed, nothing acked is back, leases that were told hold,
/// dedup keys and counters are right. Returns what is there.
inline Kept expect_kept(const Daemon& daemon, IoPool& pool, const Ledger& ledger) {
    DaemonSession session(daemon);
    auto kept = kept_by(session, pool);
    std::size_t lost = 0;
    for (const auto& [id, content] : ledger.accepted) {
        const auto found = kept.find(id);
        if (found == kept.end()) {
            lost += ledger.perhaps_acked.contains(id) ? 0 : 1;
        } else {
            EXPECT_EQ(std::get<std::string>(found->second), content) << id.text();
        }
    }
    EXPECT_EQ(lost, 0U) << "of " << ledger.accepted.size();
    for (const auto& id : ledger.acked) EXPECT_FALSE(kept.contains(id)) << id.text();
    for (const auto& id : ledger.leased) {
        const auto found = kept.find(id);
        if (found == kept.end()) continue;
        EXPECT_EQ(std::get<MessageState>(found->second), MessageState::leased) << id.text();
    }
    expect_counted(session, pool, kept);
    expect_remembered(session, pool, ledger);
    return kept;
}

/// The same, and what a start has made of the disk, the next one makes of it, too.
inline void expect_kept_twice(Daemon& daemon, IoPool& pool, const Ledger& ledger) {
    const auto once = expect_kept(daemon, pool, ledger);
    daemon.kill9();
    daemon.restart();
    EXPECT_EQ(expect_kept(daemon, pool, ledger), once);
}

}  // namespace baton::test
