// The real engine and the real journal of one turn of leading, driven as the commit pipeline drives
// them, but by the agenda of the simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "cluster_log.h"
#include "queue/engine/engine.h"
#include "queue/engine/queue_time.h"
#include "queue/engine/store.h"
#include "support/simulated_files.h"

namespace baton::test {

/// One request of a client on its way through the cluster; each is carried out once or not at all.
struct SimCall {
    queue::cluster::Partition partition = 0;
    /// Asks the engine and keeps the answer.
    std::function<void(queue::Engine&, queue::Store&, TimePoint)> apply;
    /// The answer has come: the kept one, or an error.
    std::function<void(const Error*)> done;
};

/// What an engine needs of the daemon that it runs in.
struct SimHost {
    /// Calls later, unless the daemon has crashed; when it is paused then, as soon as it goes on.
    std::function<void(Duration, std::function<void()>)> after;
    std::function<bool()> is_alive;
    std::function<TimePoint()> wall_time;
    std::function<SimTime()> steady_time;
    std::function<bool()> reaches_log;
    std::function<void(std::shared_ptr<SimCall>, const Error*)> answer;
    std::function<void()> broken;  ///< the store has stopped
};

class SimEngine final : public std::enable_shared_from_this<SimEngine> {
public:
    SimEngine(SimWorld& world, SimStream& stream, SimHost host, std::shared_ptr<SimulatedDisk> disk,
        std::uint64_t run);

    /// Takes the log over and reads it.
    Result<void> recover();
    void serve() { is_serving_ = true; }
    [[nodiscard]] bool is_serving() const { return is_serving_; }
    void answer_until(SimTime until) { answers_until_ = until; }
    /// Commits what was taken, and then calls.
    void close(std::function<void()> closed);
    void submit(std::shared_ptr<SimCall> call);
    /// Commits something, whatever it is.
    void prove(std::function<void()> proved);
    /// Does what time brings.
    void kick();

private:
    void begin_batch();
    void commit(queue::Engine::Batch batch);
    void committed(const Result<void>& result);
    void answer_all(const Error* error);
    [[nodiscard]] bool may_answer() const;
    Result<void> undo(const Error& cause);
    void stop(const Error& error);

    SimWorld& world_;
    const SimHost host_;
    const std::shared_ptr<SimulatedDisk> disk_;
    std::unique_ptr<queue::journal::FileSystem> files_;
    std::unique_ptr<queue::Store> store_;
    queue::Engine engine_;
    queue::QueueTime time_;
    TimePoint now_{};
    bool is_serving_ = false;
    bool is_busy_ = false;  ///< a commit is on its way
    bool is_broken_ = false;
    SimTime answers_until_ = SimTime::min();
    std::vector<std::shared_ptr<SimCall>> inbox_;
    std::vector<std::shared_ptr<SimCall>> answered_;
    std::function<void()> proved_;  ///< asked for, and not begun yet
    std::function<void()> proving_;
    std::function<void()> closed_;
};

}  // namespace baton::test
