// /docs: a browser for the OpenAPI document, and the document itself. All of it is in the program;
// it asks nobody else for anything.
#pragma once

#include "api/door.h"

namespace baton::api::docs {

/// Open to anybody: it says what the source says. Answers are checked again by their ETag each
/// time, so that a new version shows at once. Safe to use from any thread.
[[nodiscard]] Door make_docs_door();

}  // namespace baton::api::docs
