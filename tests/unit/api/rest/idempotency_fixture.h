// The door with a cache that fails as planned, and callers with idempotency keys.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cache/cache.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {

/// Fails from the `fail_from`-th call on, `fail_count` times.
class PlannedCache final : public cache::Cache {
public:
    explicit PlannedCache(std::shared_ptr<cache::Cache> inner) : inner_(std::move(inner)) {}

    int fail_from = 0;  ///< 0: never
    int fail_count = 1;
    int calls = 0;
    int hook_at = 0;  ///< before this call, `hook` runs
    std::function<Task<void>()> hook;
    Error error{.code = Errc::unavailable, .detail = "planned"};

    Task<Result<std::optional<std::string>>> get(std::string key) override {
        const bool fails = co_await entered();
        if (fails) co_return fail(error);
        co_return co_await inner_->get(std::move(key));
    }
    Task<Result<void>> put(std::string key, std::string value, Duration ttl) override {
        const bool fails = co_await entered();
        if (fails) co_return fail(error);
        co_return co_await inner_->put(std::move(key), std::move(value), ttl);
    }
    Task<Result<bool>> put_if_absent(std::string key, std::string value, Duration ttl) override {
        const bool fails = co_await entered();
        if (fails) co_return fail(error);
        co_return co_await inner_->put_if_absent(std::move(key), std::move(value), ttl);
    }
    Task<Result<bool>> erase(std::string key) override {
        const bool fails = co_await entered();
        if (fails) co_return fail(error);
        co_return co_await inner_->erase(std::move(key));
    }

private:
    Task<bool> entered() {
        if (++calls == hook_at) co_await hook();
        const bool has_begun = fail_from != 0 && calls >= fail_from;
        co_return has_begun&& calls < fail_from + fail_count;
    }
    std::shared_ptr<cache::Cache> inner_;
};

class Idempotency : public RestFixture {
protected:
    static constexpr auto conversations = "/api/v1/conversations";

    net::Response keyed(std::string_view target, std::string body, std::string key,
        std::string authorization = "Bearer member-key") {
        return post(target, std::move(body),
            {{"Idempotency-Key", std::move(key)}, {"Authorization", std::move(authorization)}});
    }
    /// As `make` sends it.
    static net::Request request_of(std::string key) {
        net::Request request;
        request.method = net::Method::post;
        request.target = request.path = conversations;
        request.body = R"({"title":"Trip"})";
        request.fields.set("Host", "localhost:8080");
        request.fields.set("Authorization", "Bearer member-key");
        request.fields.set("Idempotency-Key", std::move(key));
        return request;
    }
    net::Response make(std::string key) { return keyed(conversations, R"({"title":"Trip"})", key); }

    static bool is_repeat(const net::Response& answer) {
        return answer.fields.get("Baton-Duplicate") == "true";
    }
    static std::string id_of(const net::Response& answer) {
        return std::string(json_of(answer).at("data").at("id").as_string());
    }
    static int number_of(const net::Response& answer) {
        const auto whole = json_of(answer);
        const auto* number = whole.at("details").as_object().if_contains("error_code");
        return number == nullptr ? 0 : static_cast<int>(number->as_int64());
    }
    std::int64_t conversation_count() {
        const auto page = json_of(get(conversations));
        return page.at("data").at("pagination").at("total").to_number<std::int64_t>();
    }
    PlannedCache& plan() {
        auto planned = std::make_shared<PlannedCache>(cache);
        auto& plan = *planned;
        cache = std::move(planned);
        open_door({});
        return plan;
    }
};

}  // namespace baton::test
