// docs/reference/openapi.yaml as the tests read it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api/door.h"
#include "integration/json_schema.h"

namespace baton::test {

[[nodiscard]] const boost::json::value& page();

/// "GET /v1/queues": how routes and operations are matched.
[[nodiscard]] std::string name_of(const api::RouteInfo& route);

/// Every operation of the page by its name.
[[nodiscard]] std::map<std::string, const boost::json::object*> operations();

/// The documented response to `status`: its own, or the default for errors. Null: undocumented.
[[nodiscard]] const boost::json::object* response_of(
    const boost::json::object& operation, int status);

/// Of its JSON; null when it has none.
[[nodiscard]] const boost::json::value* schema_of(const boost::json::object& response);

/// The example bodies of an operation.
[[nodiscard]] std::vector<boost::json::value> request_examples(
    const boost::json::object& operation);

}  // namespace baton::test
