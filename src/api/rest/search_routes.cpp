// /api/v1/search: messages and conversations by the words in them.
#include <array>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "base/text.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using conversations::SearchRequest;
using net::Method;

Result<SearchRequest> read_search(
    const net::Request& request, std::span<const std::string_view> known) {
    BATON_TRY_VOID(check_query(request, known));
    SearchRequest search;
    search.text = request.query_value("q").value_or("");
    if (!is_utf8(search.text)) {
        return fail_field(Errc::invalid_argument, "q", "`q` is not UTF-8");
    }
    if (const auto text = request.query_value("conversation_id")) {
        search.conversation_id = ConversationId(std::string(*text));
    }
    if (const auto text = request.query_value("user_id")) {
        search.user_id = UserId(std::string(*text));
    }
    BATON_TRY(search.page_size, query_count(request, "page_size", search.page_size));
    search.after = request.query_value("after").value_or("");
    return search;
}

net::Response page(std::string_view name, json::array items, const std::string& next) {
    json::object data;
    data[name] = std::move(items);
    data["next"] = next.empty() ? json::value(nullptr) : json::value(next);
    return success(200, std::move(data));
}

Task<Result<net::Response>> search_messages(Call& call) {
    static constexpr std::array<std::string_view, 5> known{
        "q", "conversation_id", "user_id", "page_size", "after"};
    BATON_CO_TRY(auto request, read_search(call.request, known));
    BATON_CO_TRY(
        const auto found, co_await call.deps.search.in_messages(call.who, std::move(request)));
    const auto& config = call.deps.messages.config();
    json::array items;
    for (const auto& hit : found.items) {
        items.push_back(hit.is_answer && hit.message.reply ? answer_object(hit.message, config)
                                                           : dialog_object(hit.message, config));
    }
    co_return page("messages", std::move(items), found.next);
}

Task<Result<net::Response>> search_conversations(Call& call) {
    static constexpr std::array<std::string_view, 4> known{"q", "user_id", "page_size", "after"};
    BATON_CO_TRY(auto request, read_search(call.request, known));
    BATON_CO_TRY(
        const auto found, co_await call.deps.search.in_conversations(call.who, std::move(request)));
    json::array items;
    for (const auto& conversation : found.items) items.push_back(to_json(conversation));
    co_return page("conversations", std::move(items), found.next);
}

constexpr std::array<Route, 2> table{{
    {{Method::get, "/api/v1/search/messages", Auth::member}, search_messages},
    {{Method::get, "/api/v1/search/conversations", Auth::member}, search_conversations},
}};

}  // namespace

std::span<const Route> search_routes() { return table; }

}  // namespace baton::api::rest
