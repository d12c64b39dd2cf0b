// Daemons of a test that runs on each database, and plain HTTP to them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "net/client.h"
#include "runtime/io_pool.h"
#include "support/daemon_session.h"
#include "support/test_database.h"

namespace baton::test {

class DatabaseDaemon : public testing::TestWithParam<DatabaseKind> {
protected:
    DatabaseDaemon() {
        if (is_postgres()) PostgresServer::shared().reset();
    }

    static bool is_postgres() { return GetParam() == DatabaseKind::postgres; }

    static std::vector<std::string> settings_with(const std::vector<std::string>& more) {
        std::vector<std::string> settings{"database.kind=sqlite"};
        if (is_postgres()) settings = PostgresServer::shared().settings();
        settings.emplace_back("logging.level=warn");
        settings.insert(settings.end(), more.begin(), more.end());
        return settings;
    }
    /// On the database of the test; a second one shares PostgreSQL's.
    std::unique_ptr<Daemon> start(std::vector<std::string> more = {}) {
        return Daemon::start({.settings = settings_with(more)});
    }

    /// As the administrator; `fields` besides.
    template <class AnyDaemon>
    net::Response call(const AnyDaemon& daemon, net::Method method, std::string_view target,
        std::string body = {}, net::Fields fields = {}) {
        net::ClientRequest request{.method = method,
            .url = daemon.url() + std::string(target),
            .fields = std::move(fields),
            .body = std::move(body)};
        request.fields.set("Authorization", "Bearer " + daemon.admin_key());
        if (!request.body.empty()) request.fields.set("Content-Type", "application/json");
        auto answer =
            pool_.run(http_->send(std::move(request), Deadline::after(std::chrono::seconds(30))));
        EXPECT_TRUE(answer) << target << ": " << to_string(answer.error());
        return answer.value_or(net::Response{.status = 599});
    }
    template <class AnyDaemon>
    net::Response get(const AnyDaemon& daemon, std::string_view target) {
        return call(daemon, net::Method::get, target);
    }

    static boost::json::value json_of(const net::Response& answer) {
        boost::system::error_code error;
        auto value = boost::json::parse(answer.body, error);
        EXPECT_FALSE(error) << answer.status << ' ' << answer.body;
        return value;
    }
    /// `data` of an envelope that says success.
    static boost::json::value data_of(const net::Response& answer) {
        auto whole = json_of(answer);
        const auto* data = whole.is_object() ? whole.as_object().if_contains("data") : nullptr;
        EXPECT_NE(data, nullptr) << answer.status << ' ' << answer.body;
        return data == nullptr ? boost::json::value(boost::json::object()) : *data;
    }

    IoPool pool_{1};
    std::unique_ptr<net::Client> http_ = net::make_client({});
};

}  // namespace baton::test
