#include "db/archive/tables.h"

#include <algorithm>
#include <array>
#include <variant>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/json_text.h"

namespace baton::db {
namespace {

namespace json = boost::json;

// A page of a table: contents have at most a few MiB each.
constexpr int page_rows = 64;

constexpr std::array known{
    KnownTable{"api_keys", "id"},
    KnownTable{"users", "id"},
    KnownTable{"user_usage", "user_id"},
    KnownTable{"conversations", "id"},
    KnownTable{"dialog_messages", "id"},
    KnownTable{"run_steps", "message_id, number"},
    KnownTable{"conversation_summaries", "conversation_id, upto"},
    KnownTable{"conversation_places", "place"},
    KnownTable{"message_places", "place"},
    KnownTable{"message_names", "name"},
    KnownTable{"llm_pool", "scope, name"},
    KnownTable{"llm_spending", "day, scope, name, spender"},
};
constexpr std::array<std::string_view, 3> derived{
    "conversation_texts", "message_texts", "schema_migrations"};

constexpr Statement sqlite_columns{"SELECT name, type FROM pragma_table_info(?) ORDER BY cid"};
constexpr Statement postgres_columns{
    "SELECT column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position"};

Result<ColumnKind> kind_of(std::string_view type) {
    constexpr std::array<std::pair<std::string_view, ColumnKind>, 8> names{{
        {"INTEGER", ColumnKind::integer},
        {"bigint", ColumnKind::integer},
        {"REAL", ColumnKind::real},
        {"double precision", ColumnKind::real},
        {"TEXT", ColumnKind::text},
        {"text", ColumnKind::text},
        {"BLOB", ColumnKind::blob},
        {"bytea", ColumnKind::blob},
    }};
    const auto* found =
        std::ranges::find(names, type, &std::pair<std::string_view, ColumnKind>::first);
    if (found != names.end()) return found->second;
    return fail(Errc::unsupported, fmt::format("an archive has no columns of type `{}`", type));
}

std::string hex_of(std::string_view bytes) {
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex;
}

json::value value_of(const Row& row, int index, ColumnKind kind) {
    if (row.is_null(index)) return nullptr;
    switch (kind) {
        case ColumnKind::integer: return row.integer(index);
        // As a text that gives the very same number again, which not every reader of JSON does.
        case ColumnKind::real: return json::value(fmt::format("{}", row.real(index)));
        case ColumnKind::text:
            if (const auto text = row.text(index); is_utf8(text)) return json::value(text);
            [[fallthrough]];
        case ColumnKind::blob: break;
    }
    return json::object{{"hex", hex_of(row.text(index))}};
}

using KeyValue = std::variant<std::int64_t, std::string>;

/// The columns of a key, by their place in the table.
std::vector<std::size_t> key_places(const Table& table) {
    std::vector<std::size_t> places;
    std::string_view rest = table.known.key;
    while (!rest.empty()) {
        const auto comma = rest.find(", ");
        const auto column = std::ranges::find(table.columns, rest.substr(0, comma), &Column::name);
        places.push_back(static_cast<std::size_t>(column - table.columns.begin()));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
    }
    return places;
}

std::string names_of(const Table& table) {
    std::string names;
    for (const auto& column : table.columns) {
        if (!names.empty()) names += ", ";
        names += column.name;
    }
    return names;
}

std::string marks(std::size_t count) {
    std::string text = "(?";
    for (std::size_t i = 1; i < count; ++i) text += ", ?";
    return text + ")";
}

}  // namespace

std::span<const KnownTable> known_tables() noexcept { return known; }
std::span<const std::string_view> derived_tables() noexcept { return derived; }

Result<std::vector<Table>> tables_of(Connection& connection, std::string_view kind) {
    const auto& look = kind == "sqlite" ? sqlite_columns : postgres_columns;
    std::vector<Table> tables;
    for (const auto& each : known) {
        Table table{.known = each};
        Result<void> read;
        const std::array<Value, 1> name{each.name};
        BATON_TRY_VOID(connection.execute(look, name, [&](const Row& row) {
            const auto column_kind = kind_of(row.text(1));
            if (!column_kind) {
                read = fail(column_kind.error());
                return false;
            }
            table.columns.push_back({std::string(row.text(0)), *column_kind});
            return true;
        }));
        BATON_TRY_VOID(read);
        if (!table.columns.empty()) tables.push_back(std::move(table));
    }
    return tables;
}

/// FNV-1a of the line, added up.
void RowSum::add(std::string_view line) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : line) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    ++rows;
    sum += hash;
}

std::string line_of(const Row& row, std::span<const Column> columns) {
    json::array values;
    values.reserve(columns.size());
    int index = 0;
    for (const auto& column : columns) values.push_back(value_of(row, index++, column.kind));
    return json_text(values);
}

Result<void> read_rows(
    Connection& connection, const Table& table, const std::function<void(std::string_view)>& line) {
    const auto select = fmt::format("SELECT {} FROM {}", names_of(table), table.known.name);
    const auto order = fmt::format(" ORDER BY {} LIMIT {}", table.known.key, page_rows);
    const auto places = key_places(table);
    const auto first_sql = select + order;
    const auto next_sql =
        select + fmt::format(" WHERE ({}) > {}", table.known.key, marks(places.size())) + order;
    const Statement first{first_sql};
    const Statement next{next_sql};
    std::vector<KeyValue> last;
    while (true) {
        std::vector<Value> values;
        for (const auto& key : last) {
            if (const auto* text = std::get_if<std::string>(&key)) {
                values.emplace_back(std::string_view(*text));
            } else {
                values.emplace_back(*std::get_if<std::int64_t>(&key));
            }
        }
        std::vector<KeyValue> reached;
        int rows = 0;
        const auto take = [&](const Row& row) {
            line(line_of(row, table.columns));
            reached.clear();
            for (const auto place : places) {
                const int index = static_cast<int>(place);
                if (table.columns[place].kind == ColumnKind::integer) {
                    reached.emplace_back(row.integer(index));
                } else {
                    reached.emplace_back(std::string(row.text(index)));
                }
            }
            ++rows;
            return true;
        };
        BATON_TRY_VOID(connection.execute(last.empty() ? first : next, values, take));
        if (rows < page_rows) return {};
        last = std::move(reached);
    }
}

}  // namespace baton::db
