// The LLM endpoints of this daemon: providers, the pool over them, and what it keeps.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/roles.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/database.h"
#include "llm/pool.h"
#include "queue/queues.h"
#include "runtime/io_pool.h"

namespace baton::app {

class LlmHome {
public:
    virtual ~LlmHome() = default;
    [[nodiscard]] virtual llm::Pool& pool() = 0;
    /// Ends the probes and writes the last records. Blocks. Call once, before destruction.
    virtual void stop() = 0;
};

/// Makes the endpoints of the configuration and starts their upkeep on `executor` of `io`. The
/// references must outlive the result; `database` has the current schema.
/// Fails: as the database does; in a cluster, with limits: unavailable, permission_denied (NATS).
[[nodiscard]] Result<std::unique_ptr<LlmHome>> open_llm(const Config& config,
    db::Database& database, IoPool& io, std::size_t executor, const Clock& clock,
    MetricRegistry& metrics, const Log& log);

/// The queue of work for models: what the configuration of a scheduler says about it holds, what
/// was set through the API stays. Who is none makes it when it is not there, so that nobody's
/// message is refused before the first scheduler has come. Blocks. Fails: as the queues do.
[[nodiscard]] Result<void> make_llm_queue(
    const Config& config, const Roles& roles, queue::Queues& queues, IoPool& io);

/// The models of the Ollama at `base_url`; none when nobody answers within half a second. Blocks.
[[nodiscard]] std::vector<std::string> ollama_models(const std::string& base_url);

}  // namespace baton::app
