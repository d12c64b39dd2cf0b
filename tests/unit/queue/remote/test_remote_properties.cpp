// A transport that does its worst at random, and servers that change: no post is doubled, none that
// was answered is lost, and what was acked does not come back.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "remote_world.h"

namespace baton::queue::remote {
namespace {

/// Faults drawn beforehand. Not shrunk: what happens depends on the time it takes, too.
class Misfortune {
public:
    static std::vector<int> draw() {
        return *rc::gen::noShrink(
            rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 100)));
    }
    static TransportFault of(int number) {
        if (number < 6) return {.lose_request = true};
        if (number < 14) return {.lose_answer = true};
        if (number < 22) return {.repeat = true};
        if (number < 26) return {.delay = Duration(1)};
        if (number < 30) return {.lose_answer = true, .delay = Duration(6)};
        if (number < 40) return {.error = Error{.code = Errc::unavailable}};
        return {};
    }
};

class Fates : public RemoteWorld {
public:
    Fates()
        : RemoteWorld({}, {.call_timeout = Duration(10),
                              .attempt_timeout = Duration(3),
                              .wait_portion = Duration(5),
                              .stop_grace = Duration(500),
                              .backoff = {.initial = Duration(1), .max = Duration(2)}}) {}
    void TestBody() override {}

    void live() {
        transport.set_fault([faults = std::make_shared<std::vector<int>>(Misfortune::draw()),
                                next = std::make_shared<std::size_t>(0)](const RequestHead&) {
            return *next < faults->size() ? Misfortune::of((*faults)[(*next)++]) : TransportFault{};
        });
        for (int step = 0; step < 12; ++step) act(*rc::gen::noShrink(rc::gen::inRange(0, 8)));
        transport.set_fault({});
        settle_all();
        check();
    }

private:
    struct Fate {
        Errc answer{};
        bool is_posted = false;
        bool is_acked = false;
        std::set<MessageId> ids;  ///< under which it was seen
    };

    void act(int what) {
        switch (what) {
            case 0: return post_some(true);
            case 1:
            case 2: return post_some(false);
            case 3:
            case 4: return pop_some();
            case 5: return ack_one();
            case 6: return nack_one();
            default: return lead(0);
        }
    }
    void post_some(bool has_keys) {
        const std::string label = std::to_string(fates_.size());
        const auto posted = post({{.text = label, .dedup = has_keys ? label : ""}});
        Fate fate{.is_posted = posted.has_value()};
        if (posted) {
            fate.ids.insert(posted->messages[0].id);
        } else {
            fate.answer = posted.error().code;
            RC_ASSERT(
                fate.answer == Errc::queue_unavailable || fate.answer == Errc::deadline_exceeded);
        }
        fates_.emplace(label, fate);
    }
    Fate& fate_of(const LeasedMessage& leased) {
        const std::string label(leased.message.data->content.view());
        // Of a post that is not answered yet there is none: posts are made one after the other.
        Fate& fate = fates_.at(label);
        fate.ids.insert(leased.message.id);
        RC_ASSERT(!fate.is_acked);
        return fate;
    }
    void pop_some() {
        const auto popped = run(remote().pop({.queue = queue(0), .max = 2}));
        if (!popped) return;
        for (const auto& leased : *popped) {
            fate_of(leased);
            held_.push_back(leased);
        }
    }
    void ack_one() {
        if (held_.empty()) return;
        const auto leased = std::exchange(held_, {}).front();
        const auto acked = run(remote().ack(leased.receipt));
        if (acked) fate_of(leased).is_acked = true;
        if (!acked && acked.error().code != Errc::queue_unavailable)
            maybe_acked_.insert(leased.message.id);
    }
    void nack_one() {
        if (held_.empty()) return;
        const auto leased = held_.back();
        held_.pop_back();
        static_cast<void>(run(remote().nack({.receipt = leased.receipt, .blame = Blame::none})));
    }
    /// Leases that nobody holds any more end, and everything is taken out.
    void settle_all() {
        // A request that was delayed has come when a later one was answered after the delay.
        const auto waited =
            run(patient_->pop({.queue = QueueName("q1"), .wait = Deadline::after(Duration(10))}));
        RC_ASSERT(waited.has_value());
        clock.advance(Duration(60'000));
        const PopRequest next{.queue = queue(0), .max = 10};
        for (auto popped = must(run(patient_->pop(next))); !popped.empty();
            popped = must(run(patient_->pop(next)))) {
            for (const auto& leased : popped) {
                fate_of(leased);
                must(run(patient_->ack(leased.receipt)));
                drained_.insert(leased.message.id);
            }
        }
        RC_ASSERT(stats().message_count == 0);
    }
    void check() {
        for (const auto& [label, fate] : fates_) {
            RC_ASSERT(fate.ids.size() <= 1);
            if (fate.answer == Errc::queue_unavailable && !fate.is_posted)
                RC_ASSERT(fate.ids.empty());
            if (!fate.is_posted) continue;
            const MessageId id = *fate.ids.begin();
            RC_ASSERT(drained_.contains(id) != fate.is_acked || maybe_acked_.contains(id));
        }
    }

    const std::unique_ptr<Queues> patient_ = make_remote_queues(transport, {}, metrics);
    std::map<std::string, Fate> fates_;
    std::vector<LeasedMessage> held_;
    std::set<MessageId> maybe_acked_;
    std::set<MessageId> drained_;
};

TEST(RemoteFates, nothing_is_doubled_or_lost_whatever_the_transport_does) {
    const bool holds = rc::check([] {
        Fates fates;
        fates.live();
    });
    EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace baton::queue::remote
