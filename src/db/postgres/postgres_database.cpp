#include "db/postgres/postgres_database.h"

#include <utility>

#include "db/postgres/postgres_connection.h"

namespace baton::db {
namespace {

class PostgresDatabase final : public Database {
public:
    PostgresDatabase(PostgresConfig config, Log log)
        : config_(std::move(config)), away_(std::move(log)) {}

    Result<std::unique_ptr<Connection>> connect() override {
        auto connection = std::make_unique<PostgresConnection>(config_, gate_, away_);
        BATON_TRY_VOID(connection->open());
        return connection;
    }

    std::string_view kind() const noexcept override { return "postgres"; }

private:
    const PostgresConfig config_;
    ServerGate gate_;
    AwayLog away_;
};

}  // namespace

std::unique_ptr<Database> make_postgres_database(PostgresConfig config, Log log) {
    return std::make_unique<PostgresDatabase>(std::move(config), std::move(log));
}

}  // namespace baton::db
