// Errors as every door shows them.
#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton {
namespace {

/// A detail may repeat a stranger's bytes; what goes out is UTF-8 whatever came in.
std::string_view shown(std::string_view text) noexcept {
    return is_utf8(text) ? text : std::string_view("(not UTF-8)");
}

}  // namespace

void append_json(std::string& out, const Error& error) {
    JsonObjectText object(out);
    object.text("code", to_string(error.code));
    object.text("message", shown(error.detail));
    {
        JsonObjectText details(object.begin("details"));
        if (!error.field.empty()) details.text("field", shown(error.field));
    }
    if (error.retry_after > std::chrono::milliseconds(0)) {
        object.number("retry_after_ms", static_cast<std::uint64_t>(error.retry_after.count()));
    }
}

}  // namespace baton
