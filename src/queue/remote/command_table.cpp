#include "queue/remote/command_table.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace baton::queue::remote {
namespace {

using enum Repeat;

constexpr std::array table{
    CommandInfo{CommandType::any, "any"},
    // A second time changes nothing; only `made` of the answer is lost.
    CommandInfo{CommandType::put_queue, "put_queue", harmless},
    CommandInfo{CommandType::get_queue, "get_queue", harmless},
    CommandInfo{CommandType::list_queues, "list_queues", harmless},
    // The second could hit a queue made anew, or not find the one that the first removed.
    CommandInfo{CommandType::delete_queue, "delete_queue", unexecuted},
    // The second would remove what came between, and count that only.
    CommandInfo{CommandType::purge, "purge", unexecuted},
    // A state is set, whatever it was.
    CommandInfo{CommandType::set_paused, "set_paused", harmless},
    CommandInfo{CommandType::pause_key, "pause_key", harmless},
    // Works in portions: after an error some may be done. A second one could exceed the limit.
    CommandInfo{CommandType::redrive, "redrive", unsent},
    CommandInfo{CommandType::set_quota, "set_quota", harmless},
    CommandInfo{CommandType::get_quota, "get_quota", harmless},
    CommandInfo{CommandType::get_stats, "get_stats", harmless},
    // Doubles the messages. With dedup keys RemoteQueues::post knows better.
    CommandInfo{CommandType::post, "post", unexecuted},
    CommandInfo{CommandType::wait_reply, "wait_reply", harmless, true},
    // The second would not find the message that the first took out.
    CommandInfo{CommandType::cancel, "cancel", unexecuted},
    // The second could find it delivered already, and say conflict.
    CommandInfo{CommandType::reschedule, "reschedule", unexecuted},
    // What the first leased is given back by its withdrawal, or when the lease ends.
    CommandInfo{CommandType::pop, "pop", harmless, true},
    // The second would say lease_lost of what the first did.
    CommandInfo{CommandType::ack, "ack", unexecuted},
    CommandInfo{CommandType::nack, "nack", unexecuted},
    // The lease ends a little later.
    CommandInfo{CommandType::extend, "extend", harmless},
    CommandInfo{CommandType::ack_and_pop, "ack_and_pop", unexecuted, true},
    // The same reply takes the place of itself.
    CommandInfo{CommandType::store_reply, "store_reply", harmless},
    // It counts for the same again.
    CommandInfo{CommandType::charge, "charge", harmless},
    CommandInfo{CommandType::peek, "peek", harmless},
    CommandInfo{CommandType::get, "get", harmless},
    CommandInfo{CommandType::explain, "explain", harmless},
    // Doubles the events.
    CommandInfo{CommandType::append_output, "append_output", unexecuted},
    CommandInfo{CommandType::read_output, "read_output", harmless, true},
    // One that exists keeps its place.
    CommandInfo{CommandType::subscribe, "subscribe", harmless},
    CommandInfo{CommandType::unsubscribe, "unsubscribe", unexecuted},
    CommandInfo{CommandType::list_subscriptions, "list_subscriptions", harmless},
    CommandInfo{CommandType::fetch, "fetch", harmless, true},
    // Committing the same seq again changes nothing.
    CommandInfo{CommandType::commit, "commit", harmless},
    // The second could take back what the reader has committed since.
    CommandInfo{CommandType::seek, "seek", unexecuted},
    // The count would be lost.
    CommandInfo{CommandType::truncate_before, "truncate_before", unexecuted},
    CommandInfo{CommandType::withdraw, "withdraw", harmless},
};

template <class... C>
Result<AnyCommand> decode(const RequestHead& head, const std::variant<C...>*) {
    Result<AnyCommand> found = fail(Errc::protocol_error, "no such queue command");
    const auto try_one = [&]<class One>(std::type_identity<One>) {
        if (One::type != head.type) return;
        auto command = decode_request<One>(head.payload);
        if (command) {
            found = *std::move(command);
        } else {
            found = std::unexpected(std::move(command).error());
        }
    };
    (try_one(std::type_identity<C>()), ...);
    return found;
}

}  // namespace

const CommandInfo& command_info(CommandType type) noexcept {
    const auto* const row = std::ranges::find(table, type, &CommandInfo::type);
    return row == table.end() ? table.front() : *row;
}

Result<AnyCommand> decode_command(const RequestHead& head) {
    return decode(head, static_cast<const AnyCommand*>(nullptr));
}

}  // namespace baton::queue::remote
