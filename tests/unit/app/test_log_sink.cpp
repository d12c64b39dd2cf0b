// Log lines: what they look like, what bad bytes become, levels and reopening.
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include <boost/json/parse.hpp>

#include "app/log_sink.h"
#include "support/temp_dir.h"

namespace baton::app {
namespace {

const auto at = from_unix_ms(1'767'225'600'123);

std::string file_text(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(LogLine, json_holds_every_kind_of_field) {
    const std::array fields{LogField("id", "a\"b\n"), LogField("n", 42), LogField("share", 0.5),
        LogField("ok", true), LogField("odd", std::numeric_limits<double>::infinity())};
    const auto line = to_json_line({at, LogLevel::warn, "queue", "message returned", fields});
    EXPECT_EQ(line,
        R"({"time":"2026-01-01T00:00:00.123Z","level":"warn","channel":"queue",)"
        R"("message":"message returned","id":"a\"b\n","n":42,"share":0.5,"ok":true,"odd":null})");
    EXPECT_NO_THROW(boost::json::parse(line));
}

TEST(LogLine, bytes_that_are_no_utf8_do_not_break_the_json) {
    const std::string bad = "x\xff\xfe\x01";
    const std::array fields{LogField("v", bad)};
    const auto line = to_json_line({at, LogLevel::info, "c", "m", fields});
    EXPECT_EQ(boost::json::parse(line).at("v").as_string(), "x??\x01");
}

TEST(LogLine, text_quotes_only_where_needed) {
    const std::array fields{
        LogField("id", "abc"), LogField("why", "disk full"), LogField("empty", "")};
    EXPECT_EQ(to_text_line({at, LogLevel::error, "store", "commit failed", fields}),
        R"(2026-01-01T00:00:00.123Z ERROR store: commit failed id=abc why="disk full" empty="")");
}

TEST(LogSink, level_filters_and_can_change) {
    const test::TempDir dir;
    const auto sink = make_log_sink({.level = LogLevel::warn, .output = dir / "log"});
    ASSERT_TRUE(sink);
    const Log log(*sink, "c");
    log.info("hidden");
    (*sink)->set_level(LogLevel::debug);
    log.debug("seen");
    const auto text = file_text(dir / "log");
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("hidden")));
    EXPECT_THAT(text, testing::HasSubstr("seen"));
}

TEST(LogSink, reopen_goes_on_in_a_new_file) {
    const test::TempDir dir;
    const auto sink = make_log_sink({.output = dir / "log"});
    ASSERT_TRUE(sink);
    const Log log(*sink, "c");
    log.info("first");
    std::filesystem::rename(dir / "log", dir / "log.1");
    ASSERT_TRUE((*sink)->reopen());
    log.info("second");
    EXPECT_THAT(file_text(dir / "log.1"), testing::HasSubstr("first"));
    EXPECT_THAT(file_text(dir / "log"), testing::HasSubstr("second"));
}

TEST(LogSink, file_that_cannot_be_opened_is_refused) {
    const test::TempDir dir;
    std::ofstream(dir / "file") << "x";
    const auto sink = make_log_sink({.output = dir.path() / "file" / "log"});
    ASSERT_FALSE(sink);
    EXPECT_EQ(sink.error().code, Errc::invalid_config);
}

}  // namespace
}  // namespace baton::app
