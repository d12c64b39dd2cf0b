#include "queue/cluster/partition_host.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "queue/cluster/held_store.h"
#include "queue/engine/engine_queues.h"
#include "runtime/task_group.h"

namespace baton::queue::cluster {
namespace {

/// Restating this tenant's quota is what a commit without any effect writes.
constexpr std::string_view proof_tenant = "baton-proof";

/// The engine and the server before it.
struct Serving {
    Serving(std::unique_ptr<PartitionQueues> queues_in, const Executor& executor_in,
        const HostConfig& config, const HostContext& context)
        : executor(executor_in),
          queues(std::move(queues_in)),
          server(*queues, executor, config.server, context.metrics, context.events),
          chores(executor) {}

    Executor executor;
    std::unique_ptr<PartitionQueues> queues;
    remote::CommandServer server;
    std::atomic<bool> is_sharing{false};  // of quotas: an answer is awaited
    TaskGroup chores;  // what nobody has asked for; last: what runs in it uses the rest
};

}  // namespace

struct PartitionHost::Impl {
    Impl(HostConfig config_in, const HostContext& context_in)
        : config(std::move(config_in)), context(context_in), until(SteadyTime::min()) {
        config.pipeline.may_answer = [this] {
            return std::chrono::steady_clock::now() < until.load();
        };
    }

    HostConfig config;
    const HostContext& context;
    StoreGate gate;
    std::atomic<SteadyTime> until;
    std::mutex mutex;
    std::condition_variable changed;
    bool is_closing = false;
    std::shared_ptr<Serving> serving;  // null: not yet, or no more
    std::vector<Ticket> early_proofs;  // asked for before that
    std::thread thread;

    [[nodiscard]] std::size_t io_index() const { return config.partition % context.io.size(); }
    [[nodiscard]] Executor executor() const { return context.io.executor(io_index()); }

    void run();
    [[nodiscard]] std::vector<std::uint64_t> guests(std::vector<std::uint64_t> uids) const;
    Result<std::shared_ptr<Serving>> open();
    void close(const std::shared_ptr<Serving>& ending);
    void prove(const std::shared_ptr<Serving>& on, Ticket proof);
    std::shared_ptr<Serving> current() {
        const std::scoped_lock lock(mutex);
        return serving;
    }
};

Result<std::shared_ptr<Serving>> PartitionHost::Impl::open() {
    BATON_TRY(
        auto store, context.open_store(config.partition, [this] { context.tell(Troubled{}); }));
    auto held = hold_store(std::move(store), gate,
        {.recovered =
                [this](auto uids) { context.tell(Opened{config.turn, guests(std::move(uids))}); },
            .broken = [this] { context.tell(Broken{config.turn}); }});
    BATON_TRY(auto queues, make_partition_queues(std::move(held), config.pipeline, context.clock,
                               context.metrics, context.log));
    // Before the first command, so that a new leader lets in no more than the last one.
    auto share = queues->share_quotas(context.kept_elsewhere(config.partition));
    const auto shared = context.io.run_on(io_index(), std::move(share));
    static_cast<void>(shared);  // it is told again soon
    return std::make_shared<Serving>(std::move(queues), executor(), config, context);
}

/// Those that name another partition.
std::vector<std::uint64_t> PartitionHost::Impl::guests(std::vector<std::uint64_t> uids) const {
    const PartitionMap map(config.partitions);
    std::erase_if(uids, [&](std::uint64_t uid) { return map.of_uid(uid) == config.partition; });
    if (uids.size() > guests_max) uids.resize(guests_max);
    return uids;
}

void PartitionHost::Impl::prove(const std::shared_ptr<Serving>& on, Ticket proof) {
    asio::post(on->executor, [this, on, proof] {
        on->chores.spawn([this, on, proof]() -> Task<void> {
            TenantId tenant{std::string(proof_tenant)};
            const auto done = co_await on->queues->set_quota(std::move(tenant), 0);
            if (done) context.tell(Proved{config.turn, proof});
        });
    });
}

void PartitionHost::Impl::run() {
    auto opened = open();
    if (!opened) {
        if (gate.is_closed()) return context.tell(Closed{config.turn});
        context.log.warn("a partition could not be opened",
            {{"partition", config.partition}, {"error", to_string(opened.error())}});
        return context.tell(OpenFailed{config.turn});
    }
    {
        std::unique_lock lock(mutex);
        serving = *opened;
        for (const auto proof : early_proofs) prove(serving, proof);
        changed.wait(lock, [&] { return is_closing; });
        serving.reset();
    }
    close(*opened);
    opened->reset();
    context.tell(Closed{config.turn});
}

/// Answers what was taken, then ends the engine.
void PartitionHost::Impl::close(const std::shared_ptr<Serving>& ending) {
    context.io.run_on(io_index(), ending->server.stop());
    context.io.run_on(io_index(), ending->chores.stop());
    ending->queues->stop();
}

PartitionHost::PartitionHost(HostConfig config, const HostContext& context)
    : impl_(std::make_unique<Impl>(std::move(config), context)) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

PartitionHost::~PartitionHost() {
    close();
    impl_->thread.join();
}

void PartitionHost::serve() { impl_->gate.open(); }

void PartitionHost::answer_until(SteadyTime until) { impl_->until = until; }

void PartitionHost::prove(Ticket proof) {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->serving) return impl_->prove(impl_->serving, proof);
    impl_->early_proofs.push_back(proof);
}

void PartitionHost::share_quotas(
    std::vector<TenantUsage> elsewhere, std::function<void(const QuotaUsage&)> answer) {
    const auto on = impl_->current();
    if (!on || on->is_sharing.exchange(true)) return;
    auto share = [on, elsewhere = std::move(elsewhere), answer = std::move(answer)]() mutable {
        // The task lives in the group, which `on` holds: it must not hold `on`.
        on->chores.spawn([&serving = *on, elsewhere = std::move(elsewhere),
                             answer = std::move(answer)]() mutable -> Task<void> {
            const auto usage = co_await serving.queues->share_quotas(std::move(elsewhere));
            serving.is_sharing = false;
            if (usage) answer(*usage);
        });
    };
    asio::post(on->executor, std::move(share));
}

void PartitionHost::close() {
    impl_->gate.close();
    const std::scoped_lock lock(impl_->mutex);
    impl_->is_closing = true;
    impl_->changed.notify_all();
}

bool PartitionHost::receive(const Bytes& request, Completion<Bytes>& answer) {
    auto serving = impl_->current();
    if (!serving) return false;
    const auto executor = serving->executor;
    asio::post(
        executor, [serving = std::move(serving), request, answer = std::move(answer)]() mutable {
            serving->server.receive(request, std::move(answer));
        });
    return true;
}

}  // namespace baton::queue::cluster
