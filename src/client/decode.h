// Reading the daemon's JSON with leniency: it may be newer, so what is unknown is ignored and what
// is missing is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "model/conversation.h"
#include "model/message.h"
#include "model/run_trace.h"

namespace baton::client {

/// Fields of one object; each getter gives the empty value when the field is missing or of another
/// type.
class FieldReader final {
public:
    /// `object` must outlive the reader.
    explicit FieldReader(const boost::json::object& object) noexcept : object_(object) {}

    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] double number(std::string_view name) const;
    [[nodiscard]] bool boolean(std::string_view name) const;
    [[nodiscard]] const boost::json::object* object(std::string_view name) const;
    [[nodiscard]] const boost::json::array* array(std::string_view name) const;
    /// An RFC 3339 text.
    [[nodiscard]] std::optional<TimePoint> time(std::string_view name) const;

private:
    const boost::json::object& object_;
};

/// `value` as an object. Fails: protocol_error.
[[nodiscard]] Result<const boost::json::object*> as_object(const boost::json::value& value);

/// The list `name` of an answer. Fails: protocol_error.
[[nodiscard]] Result<const boost::json::array*> list_of(
    const boost::json::value& value, std::string_view name);

/// The `data` of an /api/v1 envelope. Fails: protocol_error.
[[nodiscard]] Result<const boost::json::object*> data_of(const boost::json::value& envelope);

/// Fails: protocol_error when what identifies it is missing.
[[nodiscard]] Result<DialogMessage> dialog_message_from_json(const boost::json::object& object);
[[nodiscard]] Result<Conversation> conversation_from_json(const boost::json::object& object);
[[nodiscard]] Result<TracedStep> traced_step_from_json(const boost::json::object& object);

/// The body that posts `message`, as `new_message_from_json` reads it.
[[nodiscard]] boost::json::object to_json(const NewMessage& message);

/// Each item of the list `name` through `decode`.
template <class T>
[[nodiscard]] Result<std::vector<T>> items_of(const boost::json::value& answer,
    std::string_view name, Result<T> (*decode)(const boost::json::value&)) {
    BATON_TRY(const auto* list, list_of(answer, name));
    std::vector<T> items;
    items.reserve(list->size());
    for (const auto& value : *list) {
        BATON_TRY(auto item, decode(value));
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace baton::client
