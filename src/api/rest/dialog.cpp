#include "api/rest/dialog.h"

#include <array>
#include <string>
#include <utility>

#include "api/rest/input.h"
#include "api/rest/output.h"
#include "base/text.h"
#include "model/codec.h"
#include "model/names.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using Sort = service::PageRequest::Sort;

constexpr std::array<std::string_view, 3> sort_names{"created_at", "updated_at", "priority"};
constexpr std::array<std::string_view, 2> order_names{"asc", "desc"};

}  // namespace

Result<service::PageRequest> read_page(const net::Request& request, bool descending) {
    service::PageRequest page;
    page.descending = descending;
    BATON_TRY(page.page, query_count(request, "page", page.page));
    BATON_TRY(page.page_size, query_count(request, "page_size", page.page_size));
    if (const auto after = request.query_value("after")) page.after = *after;
    if (const auto text = request.query_value("sort")) {
        auto sort = enum_from_name<Sort>("sort", *text, sort_names);
        if (!sort) return fail_field(Errc::invalid_argument, "sort", sort.error().detail);
        page.sort = *sort;
    }
    if (const auto text = request.query_value("order")) {
        const auto index = index_of_name("order", *text, order_names);
        if (!index) return fail_field(Errc::invalid_argument, "order", index.error().detail);
        page.descending = *index == 1;
    }
    return page;
}

json::object dialog_object(
    const DialogMessage& message, const service::MessageServiceConfig& config) {
    json::object object = to_json(message);
    object["max_retries"] = config.max_retries;
    object["timeout"] = config.timeout.count();
    return object;
}

json::object answer_object(
    const DialogMessage& message, const service::MessageServiceConfig& config) {
    DialogMessage answer = message;
    answer.content = message.reply->content;
    answer.created_at = message.reply->created_at;
    answer.updated_at = message.reply->created_at;
    answer.reply.reset();
    answer.metadata.clear();
    json::object object = dialog_object(answer, config);
    object["id"] = message.id.text() + "-reply";
    object["role"] = to_string(Role::assistant);
    return object;
}

Result<Level> read_priority(const Fields& fields) {
    if (fields.find("priority") == nullptr) return Level::normal;
    BATON_TRY(const auto text, fields.text("priority"));
    return level_of("priority", text);
}

Result<service::OutgoingMessage> read_outgoing(const Fields& fields) {
    service::OutgoingMessage message;
    BATON_TRY(message.content, fields.text("content"));
    BATON_TRY(message.user_id, read_id<UserId>(fields, "user_id"));
    BATON_TRY(message.agent_id, read_id<AgentId>(fields, "agent_id"));
    if (fields.find("priority") != nullptr) {
        BATON_TRY(message.priority, read_priority(fields));
    }
    BATON_TRY(message.metadata, read_metadata(fields));
    return message;
}

net::Response success(int status, json::object data) {
    json::object whole;
    whole["code"] = status;
    whole["message"] = "success";
    whole["data"] = std::move(data);
    whole["timestamp"] = to_rfc3339(SystemClock().now());
    return json_response(status, whole);
}

}  // namespace baton::api::rest
