// A provider without a model: answers with the last user message. For a first run without a key,
// and for tests.
#pragma once

#include <memory>

#include "llm/provider.h"

namespace baton::llm {

/// Answers "[echo, no LLM configured] <last user message>", word by word, at once.
[[nodiscard]] std::unique_ptr<Provider> make_echo_provider();

}  // namespace baton::llm
