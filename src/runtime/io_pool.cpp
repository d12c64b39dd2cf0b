#include "runtime/io_pool.h"

#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace baton {

struct IoPool::Impl {
    struct Context {
        asio::io_context io{1};
        asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
        std::thread thread{[this] { io.run(); }};
    };
    std::vector<std::unique_ptr<Context>> contexts;
};

IoPool::IoPool(std::size_t threads) : impl_(std::make_unique<Impl>()) {
    for (std::size_t i = 0; i < threads; ++i) {
        impl_->contexts.push_back(std::make_unique<Impl::Context>());
    }
}

IoPool::~IoPool() {
    for (auto& context : impl_->contexts) context->work.reset();
    for (auto& context : impl_->contexts) context->thread.join();
}

std::size_t IoPool::size() const noexcept { return impl_->contexts.size(); }

Executor IoPool::executor(std::size_t index) const {
    return impl_->contexts.at(index)->io.get_executor();
}

void IoPool::block_on(std::size_t index, Task<void> task) {
    asio::co_spawn(executor(index), std::move(task), asio::use_future).get();
}

}  // namespace baton
