#include "app/open_schema.h"

#include "app/config_load.h"
#include "app/database_home.h"
#include "app/kept_stores.h"

namespace baton::app {

Result<OpenSchema> open_schema(
    const std::optional<std::filesystem::path>& config, const std::vector<std::string>& settings) {
    BATON_TRY(const auto loaded,
        load_config({.file = config, .settings = settings, .env = process_environment()}));
    OpenSchema open;
    if (loaded.database.kind == DatabaseKind::sqlite) {
        BATON_TRY(open.held, DataDir::open(loaded.data.dir));
        BATON_TRY_VOID(check_kept(database_file(loaded.data.dir)));
    }
    open.database = make_database(loaded.database, loaded.data.dir);
    BATON_TRY(open.connection, open.database->connect());
    open.steps = db::embedded_migrations(open.database->kind());
    return open;
}

}  // namespace baton::app
