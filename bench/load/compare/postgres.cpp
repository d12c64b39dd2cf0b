// PostgreSQL as a queue, through libpq: a batch is one insert; taking is one statement that locks
// rows nobody else holds (`for update skip locked`), deletes and returns them.
#include <array>
#include <charconv>
#include <libpq-fe.h>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "system.h"

namespace baton::bench {
namespace {

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ClearResult>;

class Link final {
public:
    explicit Link(const Target& target)
        : connection_(PQconnectdb(
              fmt::format("host={} port={} user=postgres dbname=postgres sslmode=disable",
                  target.host, target.port)
                  .c_str())) {
        if (PQstatus(connection_) != CONNECTION_OK) throw Fault(PQerrorMessage(connection_));
    }
    ~Link() { PQfinish(connection_); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    Answer run(const char* sql) { return checked(PQexec(connection_, sql)); }
    void prepare(const char* sql) { checked(PQprepare(connection_, "s", sql, 1, nullptr)); }
    Answer run_prepared(const std::string& argument) {
        const char* value = argument.c_str();
        return checked(PQexecPrepared(connection_, "s", 1, &value, nullptr, nullptr, 0));
    }

private:
    Answer checked(PGresult* result) {
        Answer owned(result);
        const auto status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            throw Fault(PQerrorMessage(connection_));
        }
        return owned;
    }

    PGconn* connection_;
};

class PostgresProducer final : public Producer {
public:
    explicit PostgresProducer(const Target& target) : link_(target) {
        link_.prepare("insert into bench (body) select unnest($1::text[])");
    }

    void post(std::span<const std::string> bodies) override {
        array_ = '{';
        for (const auto& body : bodies) {
            array_ += '"';
            array_ += body;
            array_ += "\",";
        }
        array_.back() = '}';
        link_.run_prepared(array_);
    }

private:
    Link link_;
    std::string array_;
};

class PostgresConsumer final : public Consumer {
public:
    explicit PostgresConsumer(const Target& target) : link_(target) {
        link_.prepare(
            "with picked as materialized"
            " (select id from bench order by id limit $1::int for update skip locked)"
            " delete from bench using picked where bench.id = picked.id returning bench.body");
    }

    std::size_t take(std::size_t max, const Sink& sink) override {
        const auto answer = link_.run_prepared(std::to_string(max));
        const int count = PQntuples(answer.get());
        for (int i = 0; i < count; ++i) {
            sink({PQgetvalue(answer.get(), i, 0),
                static_cast<std::size_t>(PQgetlength(answer.get(), i, 0))});
        }
        return static_cast<std::size_t>(count);
    }

private:
    Link link_;
};

class Postgres final : public System {
public:
    explicit Postgres(Target target) : target_(std::move(target)), link_(target_) {}

    void prepare() override {
        link_.run("create table bench (id bigserial primary key, body text not null)");
    }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<PostgresProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t) override {
        return std::make_unique<PostgresConsumer>(target_);
    }
    std::uint64_t held() override {
        const auto answer = link_.run("select count(*) from bench");
        const std::string_view text = PQgetvalue(answer.get(), 0, 0);
        std::uint64_t count = 0;
        std::from_chars(text.data(), text.data() + text.size(), count);
        return count;
    }

private:
    Target target_;
    Link link_;
};

}  // namespace

std::unique_ptr<System> make_postgres(Target target) {
    return std::make_unique<Postgres>(std::move(target));
}

}  // namespace baton::bench
