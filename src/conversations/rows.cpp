#include "conversations/rows.h"

#include <string>

#include <fmt/core.h>

namespace baton::conversations {
namespace {

constexpr std::int64_t state_count = 4;
constexpr std::int64_t status_count = 6;
constexpr std::int64_t step_kind_count = 3;

template <class Enum>
Result<Enum> enum_at(const db::Row& row, int column, std::int64_t count) {
    const auto number = row.integer(column);
    if (number < 0 || number >= count) {
        return fail(Errc::storage_corrupt,
            fmt::format("row `{}` holds {} in column {}", row.text(0), number, column));
    }
    return static_cast<Enum>(number);
}

template <class Number>
Number number_at(const db::Row& row, int column) {
    return static_cast<Number>(row.integer(column));
}

TimePoint time_at(const db::Row& row, int column) { return from_unix_ms(row.integer(column)); }

std::string text_at(const db::Row& row, int column) { return std::string(row.text(column)); }

}  // namespace

Result<Conversation> conversation_of(const db::Row& row, int first) {
    Conversation conversation;
    conversation.id = ConversationId(text_at(row, first));
    conversation.user_id = UserId(text_at(row, first + 1));
    conversation.title = text_at(row, first + 2);
    BATON_TRY(conversation.state, enum_at<ConversationState>(row, first + 3, state_count));
    BATON_TRY(conversation.priority, enum_at<Level>(row, first + 4, level_count));
    conversation.metadata = text_at(row, first + 5);
    conversation.message_count = number_at<std::uint64_t>(row, first + 6);
    conversation.created_at = time_at(row, first + 7);
    conversation.updated_at = time_at(row, first + 8);
    conversation.last_active_at = time_at(row, first + 9);
    conversation.context = text_at(row, first + 10);
    if (!row.is_null(first + 11)) conversation.expires_at = time_at(row, first + 11);
    return conversation;
}

Result<DialogMessage> message_of(const db::Row& row, int first) {
    DialogMessage message;
    auto id = MessageId::parse(row.text(first));
    if (!id)
        return fail(Errc::storage_corrupt, fmt::format("`{}` is no message id", row.text(first)));
    message.id = *id;
    message.conversation_id = ConversationId(text_at(row, first + 1));
    message.user_id = UserId(text_at(row, first + 2));
    message.agent_id = AgentId(text_at(row, first + 3));
    message.content = text_at(row, first + 4);
    BATON_TRY(message.priority, enum_at<Level>(row, first + 5, level_count));
    BATON_TRY(message.status, enum_at<DialogStatus>(row, first + 6, status_count));
    message.retry_count = number_at<std::uint32_t>(row, first + 7);
    message.metadata = text_at(row, first + 8);
    message.error = text_at(row, first + 9);
    message.created_at = time_at(row, first + 10);
    message.updated_at = time_at(row, first + 11);
    if (!row.is_null(first + 12)) message.completed_at = time_at(row, first + 12);
    if (!row.is_null(first + 13)) {
        DialogReply reply;
        reply.content = text_at(row, first + 13);
        reply.model = text_at(row, first + 14);
        reply.usage.input_tokens = number_at<std::uint64_t>(row, first + 15);
        reply.usage.output_tokens = number_at<std::uint64_t>(row, first + 16);
        reply.created_at = time_at(row, first + 17);
        message.reply = std::move(reply);
    }
    return message;
}

Result<User> user_of(const db::Row& row) {
    User user;
    user.id = UserId(text_at(row, 0));
    user.tier = text_at(row, 1);
    if (!row.is_null(2)) user.messages_per_minute = number_at<std::uint32_t>(row, 2);
    if (!row.is_null(3)) user.messages_per_day = number_at<std::uint32_t>(row, 3);
    user.metadata = text_at(row, 4);
    user.created_at = time_at(row, 5);
    user.updated_at = time_at(row, 6);
    return user;
}

Result<Summary> summary_of(const db::Row& row) {
    auto upto = MessageId::parse(row.text(0));
    if (!upto) return fail(Errc::storage_corrupt, fmt::format("`{}` is no message", row.text(0)));
    return Summary{.upto = *upto,
        .content = text_at(row, 1),
        .model = text_at(row, 2),
        .usage = {.input_tokens = number_at<std::uint64_t>(row, 3),
            .output_tokens = number_at<std::uint64_t>(row, 4)},
        .created_at = time_at(row, 5)};
}

Result<RunStep> step_of(const db::Row& row) {
    BATON_TRY(const auto kind, enum_at<StepKind>(row, 1, step_kind_count));
    return RunStep{.number = number_at<std::uint32_t>(row, 0),
        .kind = kind,
        .content = text_at(row, 2),
        .began_at = time_at(row, 3),
        .ended_at = time_at(row, 4)};
}

}  // namespace baton::conversations
