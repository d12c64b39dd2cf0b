// A large database of conversations for conversation_pages: what stands in it, and how it comes in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

#include "conversations/conversations.h"
#include "runtime/io_pool.h"
#include "runtime/task_group.h"

namespace baton::bench {

struct Plan {
    std::string kind;   ///< sqlite | postgres
    std::string place;  ///< a folder | a port on 127.0.0.1
    std::uint64_t messages = 0;
    std::uint64_t conversations = 0;
    std::uint64_t pages = 0;    ///< of each kind at each depth; 0: fill only
    std::uint64_t writers = 0;  ///< at once
    int cache_kib = 0;          ///< of SQLite
    int wal_pages = 0;          ///< of SQLite
    std::string sql;            ///< to run before the fill
};

inline constexpr TimePoint first_time = from_unix_ms(1'767'225'600'000);
inline constexpr std::uint64_t user_count = 1'000;

inline MessageId id_of(std::uint64_t seq) { return {7, seq}; }
inline TimePoint time_of(std::uint64_t seq) { return first_time + Duration(seq); }

/// Of each kind there is a giant: conversation c0 has a twentieth of all messages, user u0 a fifth
/// of all conversations.
inline std::uint64_t conversation_of(std::uint64_t seq, const Plan& plan) {
    return seq % 20 == 0 ? 0 : seq % plan.conversations;
}
inline UserId user_of(std::uint64_t conversation) {
    return UserId(fmt::format("u{}", conversation % 5 == 0 ? 0 : conversation % user_count));
}

/// Words of a message: one in all, one in a tenth, one in a thousandth, a number of its own; in the
/// first tenth of the messages one more word in all, and one more number.
inline std::string text_of(std::uint64_t seq, const Plan& plan) {
    std::string text = fmt::format("common number{} and some words to read", seq);
    if (seq % 10 == 0) text += " tenth";
    if (seq % 1'000 == 0) text += " thousandth";
    if (seq < plan.messages / 10) text += fmt::format(" ancient past{}", seq);
    return text;
}

inline DialogMessage message_of(std::uint64_t seq, const Plan& plan) {
    const std::uint64_t conversation = conversation_of(seq, plan);
    DialogMessage message;
    message.id = id_of(seq);
    message.conversation_id = ConversationId(fmt::format("c{}", conversation));
    message.user_id = user_of(conversation);
    message.agent_id = AgentId("assistant");
    message.content = text_of(seq, plan);
    message.priority = static_cast<Level>(seq / 7 % level_count);
    message.created_at = message.updated_at = time_of(seq);
    return message;
}

inline Conversation conversation_row(std::uint64_t number) {
    Conversation row;
    row.id = ConversationId(fmt::format("c{}", number));
    row.user_id = user_of(number);
    row.title = fmt::format("about topic{}", number);
    row.created_at = row.updated_at = row.last_active_at = first_time;
    return row;
}

/// One in four messages is not answered; of those one in 2,500 failed.
inline Task<void> settle(conversations::Store& store, std::uint64_t seq) {
    if (seq % 4 == 0) {
        if (seq % 10'000 != 4) co_return;
        conversations::FailedRun run{.id = id_of(seq), .error = "failed", .at = time_of(seq)};
        const auto failed = co_await store.writer->fail(std::move(run));
        if (!failed) std::abort();
        co_return;
    }
    DialogReply reply{fmt::format("answer to {}", seq), "m", {10, 10}, time_of(seq)};
    const auto answered = co_await store.writer->complete(id_of(seq), std::move(reply));
    if (!answered) std::abort();
}

inline Task<void> add(conversations::Store& store, std::uint64_t seq, const Plan& plan) {
    const auto added = co_await store.conversations->add_message(message_of(seq, plan));
    if (!added) std::abort();
}

inline Task<void> create(conversations::Store& store, std::uint64_t number) {
    const auto created = co_await store.conversations->create(conversation_row(number));
    if (!created) std::abort();
}

/// Calls `each` for 1 to `count`, by so many writers as the plan says, and prints how fast.
template <class Each>
void run_phase(
    std::string_view name, IoPool& io, const Plan& plan, std::uint64_t count, Each each) {
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t next = 1;
    const auto write_some = [&]() -> Task<void> {
        while (next <= count) {
            const std::uint64_t own = next++;
            co_await each(own);
        }
    };
    const auto work = [&]() -> Task<void> {
        TaskGroup group(co_await asio::this_coro::executor);
        for (std::uint64_t i = 0; i < plan.writers; ++i) group.spawn(write_some);
        const Deadline never = Deadline::never();
        const std::size_t cut = co_await group.drain(never);
        if (cut != 0) std::abort();
    };
    io.run(work());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    fmt::print(
        R"({{"database":"{}","phase":"{}","writers":{},"count":{},"seconds":{:.2f},"per_second":{:.0f}}})"
        "\n",
        plan.kind, name, plan.writers, count, took.count(),
        static_cast<double>(count) / took.count());
    std::fflush(stdout);
}

inline void fill(conversations::Store& store, IoPool& io, const Plan& plan) {
    run_phase("create", io, plan, plan.conversations,
        [&](std::uint64_t i) { return create(store, i - 1); });
    run_phase("add", io, plan, plan.messages, [&](std::uint64_t i) { return add(store, i, plan); });
    run_phase("settle", io, plan, plan.messages, [&](std::uint64_t i) { return settle(store, i); });
}

}  // namespace baton::bench
