// The pool of one endpoint: hands every chat on, and keeps no limits.
#pragma once

#include <memory>
#include <string>

#include "llm/pool.h"

namespace baton::llm {

/// `provider` must outlive it. It serves every model.
[[nodiscard]] std::unique_ptr<Pool> make_single_pool(Provider& provider, std::string endpoint);

}  // namespace baton::llm
