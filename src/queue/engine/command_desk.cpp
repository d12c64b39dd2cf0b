#include "queue/engine/command_desk.h"

namespace baton::queue {

Task<Result<void>> CommandDesk::fill(std::vector<MessageView*> views) {
    std::erase_if(views, [](const MessageView* view) { return view->data != nullptr; });
    std::erase_if(views, [](const MessageView* view) { return view->state == MessageState::done; });
    if (views.empty()) co_return Result<void>();
    std::vector<MessageId> ids;
    for (const auto* view : views) ids.push_back(view->id);
    const auto locate = [ids](Engine& engine, TimePoint) {
        std::vector<Locator> found;
        for (const auto& id : ids) found.push_back(engine.locate(id).value_or(Locator{}));
        return Result<std::vector<Locator>>(std::move(found));
    };
    auto locators = co_await run(locate);
    if (!locators) co_return std::unexpected(locators.error());
    const auto read_all = [this, at = *std::move(locators)] { return pipeline_.store().read(at); };
    auto read = co_await run_blocking(read_all);
    if (!read) co_return std::unexpected(read.error());
    for (std::size_t i = 0; i < views.size(); ++i) views[i]->data = std::move((*read)[i]);
    co_return Result<void>();
}

}  // namespace baton::queue
