// Pages of lists as answers that hold no more memory than one read brings, whatever the page
// weighs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>

#include "api/rest/output.h"
#include "base/result.h"
#include "net/http.h"
#include "runtime/task.h"
#include "service/message_service.h"

namespace baton::api::rest {

/// A page in the envelope of every success: {`name`: items, "pagination": {page, page_size, total,
/// total_is_at_least, total_pages, next}}. May be taken out in pieces while it is written.
class ListText final {
public:
    explicit ListText(std::string_view name);
    void add(const boost::json::object& item);
    /// What a page tells of its list; `next`: empty for none.
    struct End {
        std::uint64_t total = 0;
        bool total_is_at_least = false;
        std::string_view next{};
    };
    /// Once, after the last item.
    void end(const service::PageRequest& page, const End& end);
    /// What was written since the last call.
    [[nodiscard]] std::string take() { return std::exchange(text_, {}); }

private:
    std::string text_;
    bool is_first_ = true;
};

/// Where the rows come from, and how one is written. Both outlive the handler: they own what they
/// need, or it outlives the door.
template <class T>
struct Listing {
    std::string_view name{};  ///< of the array; a literal
    std::function<Task<Result<service::Page<T>>>(service::PageRequest)> read{};
    std::function<void(ListText&, const T&)> write{};
};

/// A page that is being answered.
template <class T>
class ListPage final {
public:
    ListPage(Listing<T> listing, service::PageRequest page)
        : listing_(std::move(listing)),
          asked_(std::move(page)),
          next_(asked_),
          text_(listing_.name) {}

    /// Reads and writes as much as one answer of the store holds (base/answer_budget.h). Whether
    /// rows of the page are left.
    [[nodiscard]] Task<Result<bool>> go_on() {
        auto reading = listing_.read(next_);
        BATON_CO_TRY(auto got, co_await std::move(reading));
        const auto count = static_cast<std::uint32_t>(got.items.size());
        for (T& row : got.items) listing_.write(text_, std::exchange(row, T{}));
        const bool is_cut = got.cut && asked_.after.empty() && count < next_.page_size;
        if (is_cut) {
            next_.after = std::move(got.next);
            next_.page_size -= count;
        } else {
            text_.end(asked_, {got.total, got.total_is_at_least, got.next});
        }
        co_return is_cut;
    }
    [[nodiscard]] std::string take() { return text_.take(); }

    /// Sends what is written, and the rest as it comes. A failure on the way cuts the answer off.
    static Task<void> send(std::shared_ptr<ListPage> page, net::BodyStream& body) {
        bool is_left = true;
        bool is_taken = co_await body.write(page->take());
        while (is_left && is_taken) {
            const auto more = co_await page->go_on();
            if (!more) throw std::runtime_error("a list ended early: " + to_string(more.error()));
            is_left = *more;
            is_taken = co_await body.write(page->take());
        }
    }

private:
    Listing<T> listing_;
    service::PageRequest asked_;
    service::PageRequest next_;
    ListText text_;
};

/// A page by number has all its rows: a number says which. Those that one read does not bring are
/// sent while the answer is on its way. A page that goes on `after` another ends where the read
/// ended, and its `next` goes on from there.
template <class T>
[[nodiscard]] Task<Result<net::Response>> list_response(
    Listing<T> listing, service::PageRequest page) {
    const auto list = std::make_shared<ListPage<T>>(std::move(listing), std::move(page));
    BATON_CO_TRY(const bool is_left, co_await list->go_on());
    if (!is_left) co_return text_response(200, list->take());
    net::Response response;
    response.stream = [list](net::BodyStream& body) { return ListPage<T>::send(list, body); };
    co_return response;
}

}  // namespace baton::api::rest
