#include "db/database.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace baton::db {
namespace {

constexpr int attempts_max = 10;

using Begin = Result<void> (Connection::*)();

Result<void> run_once(
    Connection& connection, Begin begin, const std::function<Result<void>()>& body) {
    BATON_TRY_VOID((connection.*begin)());
    auto done = body();
    if (done) done = connection.commit();
    if (!done) connection.rollback();
    return done;
}

/// Who ran into each other must not do so again in step.
void pause_before(int attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const int most = std::min(100'000, 1'000 << attempt);
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<int>(0, most)(random)));
}

Result<void> run(Connection& connection, Begin begin, const std::function<Result<void>()>& body) {
    for (int attempt = 1;; ++attempt) {
        auto done = run_once(connection, begin, body);
        if (done || !connection.must_repeat() || attempt == attempts_max) return done;
        pause_before(attempt);
    }
}

}  // namespace

Result<void> in_transaction(Connection& connection, const std::function<Result<void>()>& body) {
    return run(connection, &Connection::begin, body);
}

Result<void> in_transaction_alone(
    Connection& connection, const std::function<Result<void>()>& body) {
    return run(connection, &Connection::begin_alone, body);
}

}  // namespace baton::db
