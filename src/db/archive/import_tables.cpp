#include <algorithm>
#include <array>
#include <istream>
#include <map>
#include <optional>
#include <ranges>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "db/archive/archive.h"
#include "db/archive/tables.h"
#include "db/migrations.h"
#include "model/codec.h"

namespace baton::db {
namespace {

namespace json = boost::json;

// Of one row, with both texts of a message and all of them escaped.
constexpr std::size_t line_max = 64 * 1024 * 1024;
constexpr std::uint64_t rows_between_words = 1'000;

// What search is made of, from what came, as the last step of migrations/ that touched it does: a
// text begins with the mark of its block.
constexpr Statement make_message_texts_sqlite{
    "INSERT INTO message_texts (rowid, body) SELECT place, body FROM message_bodies ORDER BY "
    "place"};
constexpr Statement make_message_texts_postgres{
    "INSERT INTO message_texts (rowid, body) SELECT p.place, lpad(to_hex(p.place >> 13), 5, '0') "
    "|| "
    "CASE p.is_answer WHEN 0 THEN m.content ELSE m.reply_content END "
    "FROM message_places p JOIN dialog_messages m ON m.id = p.message_id ORDER BY p.place"};
constexpr Statement make_conversation_texts{
    "INSERT INTO conversation_texts (rowid, title, context) SELECT p.place, c.title, c.context "
    "FROM conversation_places p JOIN conversations c ON c.id = p.conversation_id"};
constexpr Statement landed_version{"SELECT max(version) FROM schema_migrations"};

std::unexpected<Error> bad(std::string what) {
    return fail(Errc::invalid_argument, std::move(what));
}

/// The lines of a stream, none longer than `line_max`.
class Lines final {
public:
    explicit Lines(std::istream& in) : in_(in) {}

    /// False: there is no further one.
    Result<bool> next() {
        line_.clear();
        ++number_;
        for (int c = in_.rdbuf()->sbumpc(); c != std::char_traits<char>::eof();
            c = in_.rdbuf()->sbumpc()) {
            if (c == '\n') return true;
            if (line_.size() == line_max) return bad("is longer than any row");
            line_ += static_cast<char>(c);
        }
        if (line_.empty()) return false;
        return bad("has no end: the archive is cut off");
    }
    [[nodiscard]] std::string_view text() const noexcept { return line_; }
    /// An error with the line's number.
    [[nodiscard]] Error placed(Error error) const {
        return with_context(std::move(error), fmt::format("line {}", number_));
    }

private:
    std::istream& in_;
    std::string line_;
    std::uint64_t number_ = 0;
};

/// One import, from the first line to what is done before the commit.
class Import final {
public:
    Import(Connection& connection, std::string_view kind, std::istream& in,
        const TableImportOptions& options)
        : connection_(connection),
          is_sqlite_(kind == "sqlite"),
          kind_(kind),
          lines_(in),
          options_(options) {}

    /// Before the transaction. The schema version.
    Result<int> read_head();
    /// In the transaction.
    Result<void> run(int version);
    [[nodiscard]] ArchiveReport report() const;

private:
    Result<void> lock();
    Result<void> make_room();
    Result<void> read_lines();
    Result<void> read_line();
    Result<void> begin_table(const json::object& line);
    Result<void> end_table();
    Result<void> check_end(const json::object& line);
    Result<void> make_derived();
    Result<void> read_back();
    [[nodiscard]] bool has_table(std::string_view name) const;

    Connection& connection_;
    const bool is_sqlite_;
    const std::string_view kind_;
    Lines lines_;
    const TableImportOptions& options_;
    int version_ = 0;
    std::vector<Table> tables_;
    std::map<std::string_view, RowSum> sums_;
    std::size_t begun_ = 0;  // tables
    std::optional<RowWriter> writer_;
    std::uint64_t rows_ = 0;
    bool has_ended_ = false;
};

Result<int> Import::read_head() {
    BATON_TRY(const bool some, lines_.next());
    const auto value = parse_json(lines_.text());
    const auto* head = value ? value->if_object() : nullptr;
    const auto* format = head == nullptr ? nullptr : head->if_contains("baton_database");
    const auto* version = head == nullptr ? nullptr : head->if_contains("schema_version");
    if (!some || format == nullptr || version == nullptr || !version->is_int64()) {
        return bad("this is no archive of a Baton database");
    }
    if (*format != 1) return bad("an archive of another format than 1");
    version_ = static_cast<int>(version->get_int64());
    return version_;
}

Result<void> Import::run(int version) {
    if (version != version_) {
        return fail(Errc::conflict,
            fmt::format("the archive has schema version {}, the database {}: bring one to the "
                        "other's with `baton migrate`",
                version_, version));
    }
    BATON_TRY(tables_, tables_of(connection_, kind_));
    BATON_TRY_VOID(lock());
    BATON_TRY_VOID(make_room());
    BATON_TRY_VOID(read_lines());
    BATON_TRY_VOID(make_derived());
    return read_back();
}

/// SQLite's transaction has the file to itself.
Result<void> Import::lock() {
    if (is_sqlite_) return {};
    std::string names;
    for (const auto& table : tables_) {
        names += (names.empty() ? "" : ", ") + std::string(table.known.name);
    }
    return connection_.execute_script("LOCK TABLE " + names + " IN SHARE ROW EXCLUSIVE MODE");
}

Result<void> Import::make_room() {
    std::string deletes;
    for (const auto& table : tables_ | std::views::reverse) {
        const auto look = fmt::format("SELECT 1 FROM {} LIMIT 1", table.known.name);
        bool has_rows = false;
        const Statement statement{look};
        BATON_TRY_VOID(connection_.execute(statement, {}, [&](const Row&) {
            has_rows = true;
            return false;
        }));
        if (has_rows && !options_.replaces) {
            return fail(Errc::conflict,
                fmt::format("the database is not empty: there are rows in `{}`", table.known.name));
        }
        deletes += fmt::format("DELETE FROM {};", table.known.name);
    }
    if (!options_.replaces) return {};
    std::string texts;
    for (const std::string_view name : {"message", "conversation"}) {
        if (!has_table(fmt::format("{}_places", name))) continue;
        texts += is_sqlite_
                     ? fmt::format("INSERT INTO {0}_texts ({0}_texts) VALUES ('delete-all');", name)
                     : fmt::format("DELETE FROM {}_texts;", name);
    }
    return connection_.execute_script(texts + deletes);
}

Result<void> Import::read_lines() {
    while (true) {
        auto some = lines_.next();
        if (!some) return fail(lines_.placed(std::move(some).error()));
        if (!*some) break;
        auto read = read_line();
        if (!read) return fail(lines_.placed(std::move(read).error()));
    }
    if (has_ended_) return {};
    return bad("the last line is missing: the archive is cut off");
}

Result<void> Import::read_line() {
    if (has_ended_) return bad("stands behind the end");
    BATON_TRY(auto value, parse_json(lines_.text()));
    if (auto* row = value.if_array()) {
        if (!writer_) return bad("stands before its table");
        sums_[tables_[begun_ - 1].known.name].add(lines_.text());
        if (++rows_ % rows_between_words == 0 && options_.progress) options_.progress(rows_);
        return writer_->write(std::move(*row));
    }
    const auto* object = value.if_object();
    if (object != nullptr && object->contains("table")) return begin_table(*object);
    if (object != nullptr && object->contains("end")) return check_end(*object);
    return bad("is no line of an archive");
}

/// Tables come in the order in which their rows refer to each other.
Result<void> Import::begin_table(const json::object& line) {
    BATON_TRY_VOID(end_table());
    if (begun_ == tables_.size() || line.at("table") != json::value(tables_[begun_].known.name)) {
        return bad("names a table that is not the next one");
    }
    const Table& table = tables_[begun_];
    json::array names;
    for (const auto& column : table.columns) names.emplace_back(column.name);
    const auto* columns = line.if_contains("columns");
    if (columns == nullptr || *columns != json::value(std::move(names))) {
        return bad("has other columns than the table");
    }
    sums_[table.known.name];
    writer_.emplace(connection_, table);
    ++begun_;
    return {};
}

Result<void> Import::end_table() {
    if (!writer_) return {};
    BATON_TRY_VOID(writer_->flush());
    writer_.reset();
    return {};
}

Result<void> Import::check_end(const json::object& line) {
    BATON_TRY_VOID(end_table());
    has_ended_ = true;
    const auto* sums = line.at("end").if_object();
    if (sums == nullptr || sums->size() != tables_.size() || begun_ != tables_.size()) {
        return bad("says other tables than came");
    }
    for (const auto& [name, sum] : sums_) {
        const json::object told{{"rows", sum.rows}, {"sum", fmt::format("{:016x}", sum.sum)}};
        const auto* said = sums->if_contains(name);
        if (said == nullptr || *said != json::value(told)) {
            return bad(fmt::format("says other rows of `{}` than came", name));
        }
    }
    return {};
}

Result<void> Import::make_derived() {
    if (!has_table("message_places")) return {};
    BATON_TRY_VOID(
        connection_.execute(is_sqlite_ ? make_message_texts_sqlite : make_message_texts_postgres));
    BATON_TRY_VOID(connection_.execute(make_conversation_texts));
    if (is_sqlite_) return {};
    // The next place is behind those that came.
    std::string sql;
    for (const std::string_view table : {"message_places", "conversation_places"}) {
        sql += fmt::format(
            "SELECT setval(pg_get_serial_sequence('{0}', 'place'), "
            "(SELECT coalesce(max(place), 0) + 1 FROM {0}), false);",
            table);
    }
    return connection_.execute_script(sql);
}

Result<void> Import::read_back() {
    for (const auto& table : tables_) {
        RowSum sum;
        BATON_TRY_VOID(
            read_rows(connection_, table, [&](std::string_view line) { sum.add(line); }));
        if (sum == sums_[table.known.name]) continue;
        return fail(Errc::storage_corrupt,
            fmt::format(
                "`{}` does not hold what was written: nothing was imported", table.known.name));
    }
    return {};
}

bool Import::has_table(std::string_view name) const {
    return std::ranges::any_of(
        tables_, [&](const Table& table) { return table.known.name == name; });
}

ArchiveReport Import::report() const {
    ArchiveReport report{.schema_version = version_};
    for (const auto& table : tables_) {
        report.tables.push_back({std::string(table.known.name), sums_.at(table.known.name).rows});
    }
    return report;
}

Result<int> version_inside(Connection& connection) {
    int version = 0;
    BATON_TRY_VOID(connection.execute(landed_version, {}, [&](const Row& row) {
        version = static_cast<int>(row.integer(0));
        return true;
    }));
    return version;
}

}  // namespace

Result<ArchiveReport> import_tables(Connection& connection, std::string_view kind, std::istream& in,
    const TableImportOptions& options) {
    Import import(connection, kind, in, options);
    BATON_TRY_VOID(import.read_head());
    BATON_TRY(int version, schema_version(connection));
    // Never again from the begin, as `in_transaction` would: the stream is read once.
    BATON_TRY_VOID(connection.begin_alone());
    Result<void> done;
    if (version != 0) {
        const auto inside = version_inside(connection);
        version = inside.value_or(0);
        if (!inside) done = fail(inside.error());
    }
    if (done) done = import.run(version);
    if (done) done = connection.commit();
    if (!done) {
        connection.rollback();
        return fail(done.error());
    }
    return import.report();
}

}  // namespace baton::db
