// A durable queue inside your own program: post, pop, ack. Usage: embedded [folder]
#include <cstdio>

#include "queue/engine/engine_queues.h"
#include "queue/store/journal/journal_store.h"
#include "runtime/io_pool.h"

using namespace baton;

Task<Result<void>> work(queue::Queues& queues) {
    const QueueName name("greetings");
    const QueueConfig config;
    BATON_CO_TRY_VOID(co_await queues.put_queue(name, config));

    std::vector<NewMessage> messages(1);
    messages[0].data.content = Bytes("hello");
    BATON_CO_TRY(const auto posted, co_await queues.post(name, std::move(messages)));
    std::printf("posted %s\n", posted.front().id.text().c_str());  // it is on disk now

    queue::PopRequest request{.queue = name, .max = 10};
    BATON_CO_TRY(const auto leased, co_await queues.pop(std::move(request)));
    for (const auto& one : leased) {
        const auto content = one.message.data->content.view();
        std::printf("got %.*s\n", static_cast<int>(content.size()), content.data());
        BATON_CO_TRY_VOID(co_await queues.ack(one.receipt));
    }
    co_return Result<void>{};
}

int failed(const Error& error) {
    std::fprintf(stderr, "%s\n", to_string(error).c_str());
    return 1;
}

int main(int argc, char** argv) {
    IoPool pool(1);
    SystemClock clock;
    MetricRegistry metrics;
    auto store = queue::make_journal_store(argc > 1 ? argv[1] : "queue-data");
    if (!store) return failed(store.error());
    auto queues = queue::make_engine_queues(*std::move(store), {}, clock, metrics, Log{});
    if (!queues) return failed(queues.error());

    const auto done = pool.run(work(**queues));
    (*queues)->stop();
    return done ? 0 : failed(done.error());
}
