#include "llm/content_parts.h"

#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "llm/provider_json.h"
#include "model/codec.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

/// RFC 2397, the base64 form: "data:image/png;base64,AAAA". Any other URL is kept as one.
void set_source(ContentPart& part, std::string_view url) {
    constexpr std::string_view scheme = "data:";
    constexpr std::string_view mark = ";base64,";
    const std::size_t at = url.find(mark);
    if (!url.starts_with(scheme) || at == std::string_view::npos) {
        part.url = url;
        return;
    }
    const auto type = url.substr(scheme.size(), at - scheme.size());
    part.media_type = type.substr(0, type.find(';'));
    part.data = url.substr(at + mark.size());
}

ContentPart part_of(const json::value& value) {
    ContentPart part{.kind = ContentPart::Kind::other, .type = std::string(text_of(value, "type"))};
    if (part.type == "text" || part.type == "refusal") {
        part.kind = ContentPart::Kind::text;
        part.text = text_of(value, part.type);
    } else if (part.type == "image_url") {
        part.kind = ContentPart::Kind::image;
        const auto* image = member(value, "image_url");
        set_source(part, image != nullptr && image->is_object() ? text_of(*image, "url")
                                                                : text_of(value, "image_url"));
    } else if (part.type == "file") {
        const auto* file = member(value, "file");
        if (file != nullptr) set_source(part, text_of(*file, "file_data"));
        if (!part.data.empty()) part.kind = ContentPart::Kind::file;
    }
    return part;
}

}  // namespace

std::vector<ContentPart> content_parts(const ChatMessage& message) {
    std::vector<ContentPart> parts;
    const auto add = [&](ContentPart part) {
        const bool nothing = part.kind == ContentPart::Kind::text && part.text.empty();
        if (!nothing) parts.push_back(std::move(part));
    };
    const auto value = parse_json(message.parts.empty() ? "null" : message.parts);
    if (value && value->is_array()) {
        for (const auto& part : value->get_array()) add(part_of(part));
    } else {
        add({.type = "text", .text = message.content});
    }
    return parts;
}

std::string part_path(std::size_t message, std::size_t part) {
    return fmt::format("messages[{}].content[{}]", message, part);
}

}  // namespace baton::llm
