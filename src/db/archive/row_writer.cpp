#include <charconv>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "db/archive/tables.h"

namespace baton::db {
namespace {

namespace json = boost::json;

constexpr std::size_t rows_at_once = 32;

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::unexpected<Error> bad(const Column& column) {
    return fail(Errc::invalid_argument,
        fmt::format("is no row of its table: `{}` has a value of another kind", column.name));
}

/// The bytes of {"hex":"00ff"}.
Result<std::string> bytes_of(const json::value& value, const Column& column) {
    const auto* object = value.if_object();
    const auto* hex = object == nullptr ? nullptr : object->if_contains("hex");
    if (hex == nullptr || !hex->is_string() || hex->get_string().size() % 2 != 0) {
        return bad(column);
    }
    const std::string_view digits = hex->get_string();
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit(digits[i]);
        const int low = digit(digits[i + 1]);
        if (high < 0 || low < 0) return bad(column);
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

Result<Value> number_of(const json::value& value, const Column& column) {
    if (column.kind == ColumnKind::integer) {
        if (value.is_int64()) return Value(value.get_int64());
        return bad(column);
    }
    const std::string_view text = value.is_string() ? std::string_view(value.get_string()) : "";
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return bad(column);
    return Value(number);
}

/// Refers to `value`, or to what it adds to `bytes`.
Result<Value> bound(
    const json::value& value, const Column& column, std::deque<std::string>& bytes) {
    if (value.is_null()) return Value();
    const bool is_text = column.kind == ColumnKind::text;
    if (!is_text && column.kind != ColumnKind::blob) return number_of(value, column);
    if (is_text && value.is_string()) return Value(std::string_view(value.get_string()));
    BATON_TRY(auto decoded, bytes_of(value, column));
    const std::string_view kept = bytes.emplace_back(std::move(decoded));
    return is_text ? Value(kept) : Value(Blob{kept});
}

}  // namespace

RowWriter::RowWriter(Connection& connection, const Table& table)
    : connection_(connection),
      table_(table),
      many_sql_(sql_for(rows_at_once)),
      one_sql_(sql_for(1)),
      many_{many_sql_},
      one_{one_sql_} {}

std::string RowWriter::sql_for(std::size_t rows) const {
    std::string names;
    std::string marks;
    for (const auto& column : table_.columns) {
        names += (names.empty() ? "" : ", ") + column.name;
        marks += marks.empty() ? "?" : ", ?";
    }
    auto sql = fmt::format("INSERT INTO {} ({}) VALUES ({})", table_.known.name, names, marks);
    for (std::size_t i = 1; i < rows; ++i) sql += ", (" + marks + ")";
    return sql;
}

Result<void> RowWriter::write(json::array row) {
    if (row.size() != table_.columns.size()) {
        return fail(Errc::invalid_argument, fmt::format("is no row of `{}`, which has {} columns",
                                                table_.known.name, table_.columns.size()));
    }
    waiting_.push_back(std::move(row));
    if (waiting_.size() < rows_at_once) return {};
    return insert(rows_at_once, many_);
}

Result<void> RowWriter::flush() {
    while (!waiting_.empty()) {
        BATON_TRY_VOID(insert(1, one_));
    }
    return {};
}

/// The first `rows` of those that wait.
Result<void> RowWriter::insert(std::size_t rows, const Statement& statement) {
    std::vector<Value> values;
    values.reserve(rows * table_.columns.size());
    for (std::size_t i = 0; i < rows; ++i) {
        std::size_t column = 0;
        for (const auto& value : waiting_[i]) {
            BATON_TRY(const auto each, bound(value, table_.columns[column++], bytes_));
            values.push_back(each);
        }
    }
    BATON_TRY_VOID(connection_.execute(statement, values));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(rows));
    bytes_.clear();
    return {};
}

}  // namespace baton::db
