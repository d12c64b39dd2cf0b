#include <gtest/gtest.h>

#include "llm/content_parts.h"

namespace baton::llm {
namespace {

using Kind = ContentPart::Kind;

TEST(ContentParts, message_without_parts_is_one_text) {
    EXPECT_EQ(content_parts({.content = "hi"}),
        (std::vector<ContentPart>{{.kind = Kind::text, .type = "text", .text = "hi"}}));
    EXPECT_TRUE(content_parts({.content = ""}).empty());
}

TEST(ContentParts, parts_are_taken_apart) {
    const auto parts = content_parts({.parts = R"([
        {"type":"text","text":"look"},{"type":"text","text":""},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
        {"type":"image_url","image_url":{"url":"https://example.org/a.png"}},
        {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,BBBB"}},
        {"type":"file","file":{"file_id":"file-1"}},
        {"type":"input_audio","input_audio":{"data":"CCCC","format":"wav"}},
        {"type":"refusal","refusal":"no"}])"});
    const std::vector<ContentPart> expected{
        {.kind = Kind::text, .type = "text", .text = "look"},
        {.kind = Kind::image, .type = "image_url", .media_type = "image/png", .data = "AAAA"},
        {.kind = Kind::image, .type = "image_url", .url = "https://example.org/a.png"},
        {.kind = Kind::file, .type = "file", .media_type = "application/pdf", .data = "BBBB"},
        {.kind = Kind::other, .type = "file"},
        {.kind = Kind::other, .type = "input_audio"},
        {.kind = Kind::text, .type = "refusal", .text = "no"},
    };
    EXPECT_EQ(parts, expected);
}

TEST(ContentParts, parameters_of_a_media_type_are_no_part_of_it) {
    const auto parts = content_parts(
        {.parts = R"([{"type":"image_url","image_url":"data:image/png;name=a;base64,AA=="}])"});
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts.front().media_type, "image/png");
}

}  // namespace
}  // namespace baton::llm
