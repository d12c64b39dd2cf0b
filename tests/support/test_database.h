// A fresh database for one test, of either kind, so that a suite runs on both.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "db/database.h"
#include "db/migrations.h"
#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"
#include "support/postgres_server.h"
#include "support/temp_dir.h"

namespace baton::test {

enum class DatabaseKind { sqlite, postgres };

inline std::ostream& operator<<(std::ostream& out, DatabaseKind kind) {
    return out << (kind == DatabaseKind::sqlite ? "sqlite" : "postgres");
}

/// Of INSTANTIATE_TEST_SUITE_P(Databases, …): the suite on each, named by it.
inline auto both_databases() {
    return ::testing::Values(DatabaseKind::sqlite, DatabaseKind::postgres);
}
inline std::string database_name(const ::testing::TestParamInfo<DatabaseKind>& info) {
    return info.param == DatabaseKind::sqlite ? "sqlite" : "postgres";
}

/// A file in a folder of its own, or the database of the server that the program's tests share. One
/// at a time. Empty at first.
class TestDatabase final {
public:
    explicit TestDatabase(DatabaseKind kind) : kind_(kind) {
        if (kind == DatabaseKind::postgres) {
            PostgresServer::shared().reset();
            auto config = PostgresServer::shared().config();
            config.lock_timeout = short_wait;
            database_ = db::make_postgres_database(config);
        } else {
            database_ =
                db::make_sqlite_database({.file = dir_ / "test.db", .busy_timeout = short_wait});
        }
    }

    [[nodiscard]] db::Database& operator*() const noexcept { return *database_; }
    [[nodiscard]] db::Database* operator->() const noexcept { return database_.get(); }
    [[nodiscard]] DatabaseKind kind() const noexcept { return kind_; }

    /// Brings it to the schema of the program.
    void migrate() const {
        const auto connection = database_->connect();
        ASSERT_TRUE(connection) << to_string(connection.error());
        const auto version =
            db::migrate_up(**connection, db::embedded_migrations(database_->kind()));
        ASSERT_TRUE(version) << to_string(version.error());
    }

private:
    static constexpr Duration short_wait{500};

    DatabaseKind kind_;
    TempDir dir_;
    std::unique_ptr<db::Database> database_;
};

}  // namespace baton::test
