#include "db/database.h"

namespace baton::db {

Result<void> in_transaction(Connection& connection, const std::function<Result<void>()>& body) {
    BATON_TRY_VOID(connection.begin());
    auto done = body();
    if (done) done = connection.commit();
    if (!done) connection.rollback();
    return done;
}

}  // namespace baton::db
