// What the routes of /api/v1 share: paging, filters, and how messages and lists look.
#pragma once

#include <span>
#include <string_view>

#include <boost/json/object.hpp>

#include "api/rest/call.h"
#include "base/result.h"
#include "model/conversation.h"
#include "model/json_fields.h"
#include "net/http.h"
#include "service/message_service.h"

namespace baton::api::rest {

/// page, page_size, after, sort, order. `descending`: when no order is given. Fails:
/// invalid_argument.
[[nodiscard]] Result<service::PageRequest> read_page(const net::Request& request, bool descending);

/// A message as /api/v1 shows it: the codec's object, the assistant's answer inside as `reply`.
[[nodiscard]] boost::json::object dialog_object(
    const DialogMessage& message, const service::MessageServiceConfig& config);

/// The answer to `message` as a message of its own, with the role `assistant` and the id of the
/// question and
/// "-reply". Requires `message.reply`.
[[nodiscard]] boost::json::object answer_object(
    const DialogMessage& message, const service::MessageServiceConfig& config);

/// Reads the fields that every message to an agent has: user_id, content, priority, metadata,
/// agent_id.
[[nodiscard]] Result<service::OutgoingMessage> read_outgoing(const Fields& fields);

/// `priority` of a body; absent: normal.
[[nodiscard]] Result<Level> read_priority(const Fields& fields);
/// A strong id in a body; absent: none.
template <class IdType>
[[nodiscard]] Result<std::optional<IdType>> read_id(const Fields& fields, std::string_view name) {
    if (fields.find(name) == nullptr) return std::nullopt;
    BATON_TRY(const auto text, fields.text(name));
    return IdType(std::string(text));
}

/// The success envelope with the time of now.
[[nodiscard]] net::Response success(int status, boost::json::object data);

}  // namespace baton::api::rest
