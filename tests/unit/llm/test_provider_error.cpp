#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "llm/provider_error.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

const Secret key("gsk-topsecret-4711");
constexpr TimePoint now = from_unix_ms(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

net::Response answer(int status, std::vector<std::pair<std::string, std::string>> fields = {}) {
    net::Response response{.status = status};
    for (auto& [name, value] : fields) response.fields.set(name, value);
    return response;
}

TEST(ProviderError, status_decides_the_kind) {
    for (const int status : {401, 402, 403, 407, 408, 409, 425, 500, 502, 503, 504, 529}) {
        EXPECT_EQ(code_from_status(status), Errc::provider_unavailable) << status;
    }
    for (const int status : {301, 400, 404, 413, 422}) {
        EXPECT_EQ(code_from_status(status), Errc::provider_rejected) << status;
    }
    EXPECT_EQ(code_from_status(429), Errc::provider_rate_limited);
}

TEST(ProviderError, detail_has_status_and_the_providers_words) {
    EXPECT_EQ(
        error_from_answer(answer(400), R"({"error":{"message":"no such thing"}})", key, now).detail,
        "the provider answered HTTP 400: no such thing");
    EXPECT_EQ(error_from_answer(answer(400), R"({"error":"short"})", key, now).detail,
        "the provider answered HTTP 400: short");
    EXPECT_EQ(error_from_answer(answer(422), R"({"detail":"fastapi"})", key, now).detail,
        "the provider answered HTTP 422: fastapi");
    EXPECT_EQ(error_from_answer(answer(502), "<html>\nbad gateway", key, now).detail,
        "the provider answered HTTP 502: <html> bad gateway");
    EXPECT_EQ(
        error_from_answer(answer(500), "", key, now).detail, "the provider answered HTTP 500");
}

TEST(ProviderError, wrong_key_says_so_and_never_shows_it) {
    const auto error = error_from_answer(answer(401),
        R"({"error":{"message":"Incorrect API key provided: gsk-topsecret-4711, or sk-proj-abc*****6789."}})",
        key, now);
    EXPECT_TRUE(refuses_access(error));
    EXPECT_TRUE(error.detail.contains("the endpoint's own API key is missing or wrong"))
        << error.detail;
    for (const std::string_view part : {"topsecret", "4711", "proj-abc", "6789"}) {
        EXPECT_FALSE(error.detail.contains(part)) << error.detail;
    }
}

TEST(ProviderError, what_is_held_against_us_is_told_from_what_the_request_is_blamed_for) {
    const auto error_of = [](int status, std::string_view body) {
        return error_from_answer(answer(status), body, key, now);
    };
    for (const int status : {401, 402, 403, 407}) {
        EXPECT_TRUE(refuses_access(error_of(status, "no"))) << status;
    }
    EXPECT_TRUE(refuses_access(error_of(400, R"({"error":{"code":"invalid_api_key"}})")));
    for (const int status : {400, 413, 422}) {
        const auto error = error_of(status, R"({"error":{"message":"no","param":"messages"}})");
        EXPECT_EQ(error.code, Errc::provider_rejected) << status;
        EXPECT_FALSE(lacks_model(error)) << status;
    }
    EXPECT_TRUE(lacks_model(error_of(404, R"({"error":"model 'm' not found"})")));
    EXPECT_TRUE(lacks_model(error_of(400, R"({"error":{"code":"model_not_found"}})")));
    const auto moderated = error_of(
        403, R"({"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"]}}})");
    EXPECT_EQ(moderated.code, Errc::provider_rejected) << "a gateway found fault with the content";
    EXPECT_EQ(
        error_of(500, R"({"error":{"code":"model_not_found"}})").code, Errc::provider_unavailable);
}

TEST(ProviderError, quote_is_short_printable_utf8) {
    EXPECT_EQ(quote(std::string(1000, 'x'), key).size(), quoted_max);
    EXPECT_EQ(quote("a\x01\x7F\tb", key), "a   b");
    EXPECT_EQ(quote("a\xFF", key), "a?");
    EXPECT_EQ(quote(std::string(quoted_max - 1, 'x') + "ä", key), std::string(quoted_max - 1, 'x'));
    EXPECT_EQ(quote("task-sized desk-top", key), "task-sized desk-top");
}

TEST(ProviderError, date_counts_from_the_providers_own_clock) {
    const auto head = answer(503, {{"Date", "Sun, 06 Nov 1994 09:00:00 GMT"},
                                      {"Retry-After", "Sun, 06 Nov 1994 09:00:05 GMT"}});
    EXPECT_EQ(error_from_answer(head, "", key, now).retry_after, 5s);
}

TEST(ProviderError, only_what_may_be_retried_has_a_wait) {
    const auto head = answer(400, {{"Retry-After", "5"}});
    EXPECT_EQ(error_from_answer(head, "", key, now).retry_after, 0s);
}

TEST(ProviderError, errors_inside_a_stream_keep_their_meaning) {
    const auto code_of = [](std::string_view type) {
        return error_from_stream(boost::json::object{{"type", type}, {"message", "x"}}, key).code;
    };
    for (const std::string_view type : {"overloaded_error", "api_error", "timeout_error", "new"}) {
        EXPECT_EQ(code_of(type), Errc::provider_unavailable) << type;
    }
    EXPECT_EQ(code_of("rate_limit_error"), Errc::provider_rate_limited);
    for (const std::string_view type :
        {"invalid_request_error", "not_found_error", "request_too_large"}) {
        EXPECT_EQ(code_of(type), Errc::provider_rejected) << type;
    }
    for (const std::string_view type :
        {"authentication_error", "permission_error", "billing_error"}) {
        const boost::json::object error{{"type", type}, {"message", "x"}};
        EXPECT_TRUE(refuses_access(error_from_stream(error, key))) << type;
    }
    const boost::json::object of_gateway{{"code", 401}, {"message", "x"}};
    EXPECT_TRUE(refuses_access(error_from_stream(of_gateway, key)));
}

TEST(ProviderError, transfer_that_failed_has_our_names) {
    const auto code_of = [](Errc cause, bool ours) {
        return error_from_transfer(
            {.error = Error{.code = cause, .detail = "x"}, .deadline_passed = ours, .at = now}, key)
            .code;
    };
    EXPECT_EQ(code_of(Errc::connection_failed, false), Errc::provider_unavailable);
    EXPECT_EQ(code_of(Errc::deadline_exceeded, false), Errc::provider_unavailable) << "a stall";
    EXPECT_EQ(code_of(Errc::deadline_exceeded, true), Errc::deadline_exceeded);
    EXPECT_EQ(code_of(Errc::cancelled, false), Errc::cancelled);
    EXPECT_EQ(code_of(Errc::invalid_argument, false), Errc::provider_rejected);
    EXPECT_EQ(code_of(Errc::payload_too_large, false), Errc::provider_protocol);
}

RC_GTEST_PROP(ProviderErrorProperty, no_body_brings_the_key_out, ()) {
    const auto before = *rc::gen::string<std::string>();
    const auto after = *rc::gen::string<std::string>();
    const std::string text = quote(before + std::string(key.reveal()) + after, key);
    RC_ASSERT(!text.contains(key.reveal()));
    RC_ASSERT(text.size() <= quoted_max);
    RC_ASSERT(is_utf8(text));
}

}  // namespace
}  // namespace baton::llm
