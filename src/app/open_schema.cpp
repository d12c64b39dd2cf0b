#include "app/open_schema.h"

#include <system_error>

#include <fmt/core.h>

#include "app/config_load.h"
#include "app/database_home.h"
#include "app/kept_stores.h"

namespace baton::app {
namespace {

/// One that was kept there and is gone is damage, as it is to a daemon.
Result<void> check_there(const std::filesystem::path& file) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return {};
    BATON_TRY_VOID(check_kept(file));
    const auto folder = file.parent_path();
    const bool has_folder = std::filesystem::is_directory(folder, ignored);
    return fail(
        Errc::not_found, has_folder ? fmt::format("there is no database `{}`", file.string())
                                    : fmt::format("there is no data folder `{}`", folder.string()));
}

}  // namespace

Result<OpenSchema> open_schema(const std::optional<std::filesystem::path>& config,
    const std::vector<std::string>& settings, Missing missing) {
    BATON_TRY(const auto loaded,
        load_config({.file = config, .settings = settings, .env = process_environment()}));
    OpenSchema open;
    if (loaded.database.kind == DatabaseKind::sqlite) {
        const auto file = database_file(loaded.data.dir);
        if (missing == Missing::fails) {
            BATON_TRY_VOID(check_there(file));
        }
        BATON_TRY(open.held, DataDir::open(loaded.data.dir));
        BATON_TRY_VOID(check_kept(file));
    }
    open.database = make_database(loaded.database, loaded.data.dir);
    BATON_TRY(open.connection, open.database->connect());
    open.steps = db::embedded_migrations(open.database->kind());
    return open;
}

}  // namespace baton::app
