// Answers of this door.
#pragma once

#include <string>
#include <utility>

#include <boost/json/object.hpp>

#include "model/json_text.h"
#include "net/http.h"

namespace baton::api::rest {

[[nodiscard]] inline net::Response text_response(int status, std::string json) {
    net::Response response;
    response.status = status;
    response.body = std::move(json);
    return response;
}

[[nodiscard]] inline net::Response json_response(int status, const boost::json::object& body) {
    return text_response(status, json_text(body));
}

[[nodiscard]] inline net::Response no_content() { return text_response(204, {}); }

}  // namespace baton::api::rest
