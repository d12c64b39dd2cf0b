#include "api/rest/listing.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/json_text.h"

namespace baton::api::rest {

namespace json = boost::json;

ListText::ListText(std::string_view name) : text_(R"({"code":200,"message":"success","data":{)") {
    append_json_string(text_, name);
    text_ += ":[";
}

void ListText::add(const json::object& item) {
    if (!std::exchange(is_first_, false)) text_ += ',';
    text_ += json_text(item);
}

void ListText::end(const service::PageRequest& page, const End& end) {
    json::object pagination;
    pagination["page"] = page.page;
    pagination["page_size"] = page.page_size;
    pagination["total"] = end.total;
    pagination["total_is_at_least"] = end.total_is_at_least;
    pagination["total_pages"] = (end.total + page.page_size - 1) / page.page_size;
    pagination["next"] = end.next.empty() ? json::value(nullptr) : json::value(end.next);
    text_ += R"(],"pagination":)";
    text_ += json_text(pagination);
    text_ += R"(},"timestamp":)";
    append_json_string(text_, to_rfc3339(SystemClock().now()));
    text_ += '}';
}

}  // namespace baton::api::rest
