// What clients of the cluster asked and heard, and whether that can be true.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "cluster_world.h"
#include "model/message.h"

namespace baton::test {

/// Every body is posted once, though perhaps in several tries.
class ClusterLedger {
public:
    explicit ClusterLedger(SimWorld& world) : world_(world) {}

    /// `key`: the ordering key with its queue; empty: none.
    void posting(const std::string& body, const std::string& key);
    /// A post was answered; `body` is in the cluster under `id`.
    void posted(const std::string& body, const MessageId& id);
    /// A worker was given a message with this content for `lease`.
    void delivered(const LeasedMessage& leased, Duration lease, const std::string& body);
    /// A worker asks to finish a message, and hears that it has.
    void acking(const MessageId& id) { facts_[id].is_ack_asked = true; }
    void acked(const Receipt& receipt);
    /// A worker asked to go on, and may until then.
    void extended(const Receipt& receipt, TimePoint until);
    /// A worker asks to give it back.
    void giving_back(const Receipt& receipt);

    /// What was known of a message when someone began to look at it.
    struct Look {
        MessageId id;
        bool was_posted = false;
        bool was_acked = false;
    };
    /// Mostly one of which there are news, that someone may have missed.
    [[nodiscard]] Look look(Chance& chance) const;
    void looked(const Look& look, bool is_there);

    /// At the end: everything that was accepted was delivered and finished.
    void finish();
    [[nodiscard]] std::size_t unfinished() const;
    [[nodiscard]] std::size_t accepted() const { return accepted_; }

private:
    /// In the time of the queue, which all leaders share.
    struct Lease {
        TimePoint begin{};
        TimePoint end{};
        bool may_end_early = false;  ///< it was given back, if that was heard
    };
    struct Fact {
        std::string body{};
        std::string key{};
        bool is_posted = false;  ///< acknowledged
        bool is_ack_asked = false;
        std::optional<std::uint32_t> acked_attempt{};
        std::map<std::uint32_t, Lease> leases{};  ///< by attempt
    };
    void place(const std::string& body, const MessageId& id);
    void check_leases(const MessageId& id);
    void news(const MessageId& id);
    void violated(const std::string& what, const MessageId& id);

    SimWorld& world_;
    std::map<std::string, std::string> keys_;  ///< body → key
    std::map<std::string, MessageId> places_;  ///< body → id
    std::map<MessageId, Fact> facts_;
    std::map<std::string, std::set<MessageId>> lines_;  ///< key → messages, by seq
    std::deque<MessageId> news_;                        ///< posted or acked lately
    std::size_t accepted_ = 0;
};

}  // namespace baton::test
