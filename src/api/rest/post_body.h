// The three forms in which a post brings its messages.
#pragma once

#include <vector>

#include "base/result.h"
#include "model/message.h"
#include "net/http.h"

namespace baton::api::rest {

/// JSON (an object, an array, {"messages":[…]}), NDJSON, or any other content type: then the body
/// is the content of one message, its type becomes the header `content-type`, and its options stand
/// in the query or in Baton-* fields (the query wins). Options that a JSON form would not look at
/// are refused. Fails: as new_messages_from_json; invalid_argument naming the option.
[[nodiscard]] Result<std::vector<NewMessage>> read_post(net::Request& request);

}  // namespace baton::api::rest
