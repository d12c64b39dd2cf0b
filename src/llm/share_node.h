// One daemon's part in limits that several share: what it tells the others, and what it may use.
// Pure: what was told and the time go in, shares come out. docs/adr/0022 has the proof.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "llm/share_split.h"
#include "llm/shared_limits.h"

namespace baton::llm {

/// What a daemon tells of a limit.
struct ShareLine {
    LimitKind kind = LimitKind::concurrency;
    std::uint64_t claim = 0;  ///< more is never in use there until it tells otherwise
    LimitUse use{};           ///< `limit` and `may` are not told
    bool operator==(const ShareLine&) const = default;
};

/// One telling; it takes the place of the daemon's last one.
struct ShareEntry {
    static constexpr std::size_t lines_max = 4'000;  ///< of further ones nothing is told or had
    std::uint64_t number = 0;                        ///< of this daemon's tellings, ascending
    std::map<std::string, ShareLine> lines{};
    bool operator==(const ShareEntry&) const = default;
};

struct ShareTiming {
    Duration ttl{3'000};   ///< who has told nothing for so long claims nothing new
    Duration hold{2'250};  ///< so long after a telling its claims may be used
    Duration renew_interval{500};
    Duration tell_interval{100};  ///< between tellings, whatever happens
    bool operator==(const ShareTiming&) const = default;
};

/// All tellings stand in one log, which every daemon reads in the same order; a telling that was
/// lost is not in it. `now` must not go back. Use from one thread at a time.
///
///     const auto plan = node.plan(limits.uses(), now);
///     limits.lower(plan.bounds);
///     if (plan.is_to_be_told) write(node.tell(limits.uses(), now));  // the log; now or never
///     … and when the log shows it: limits.allow(…) what `told` returns.
class ShareNode final {
public:
    /// While there are more, or were in the last minute, nothing may be used here.
    static constexpr std::size_t daemons_max = 1'000;

    /// `id`: of this run of this daemon; no other has it.
    explicit ShareNode(std::string id, ShareTiming timing = {})
        : id_(std::move(id)), timing_(timing) {}

    struct Plan {
        std::vector<ShareBound> bounds{};  ///< to lower to, also when nothing is to be told
        bool is_to_be_told = false;
    };
    [[nodiscard]] Plan plan(const std::vector<NamedUse>& uses, SteadyTime now);
    /// The telling of the last plan. `now`: before it is written.
    [[nodiscard]] ShareEntry tell(const std::vector<NamedUse>& uses, SteadyTime now);

    struct Allowed {
        std::vector<ShareBound> bounds{};  ///< of all that may be used at all
        SteadyTime until{};
    };
    /// The log shows a telling of this daemon, behind all that `heard` had before. None: an old
    /// one.
    [[nodiscard]] std::optional<Allowed> told(std::uint64_t number, SteadyTime now);
    /// … or one of another daemon.
    void heard(const std::string& daemon, ShareEntry entry, SteadyTime now);
    /// As `plan`, for the last telling: nothing may be used any more.
    [[nodiscard]] std::vector<ShareBound> leave(const std::vector<NamedUse>& uses);

    /// No telling is planned before.
    [[nodiscard]] SteadyTime next_telling() const;

private:
    struct Other {
        ShareEntry entry{};
        SteadyTime heard_at{};
    };
    struct Bound {
        std::uint64_t may = 0;
        std::uint64_t limit = 0;
    };
    struct Sent {
        std::uint64_t number = 0;
        SteadyTime at{};
        std::map<std::string, Bound> bounds{};
    };
    /// What is planned for a limit.
    struct Part {
        ShareBound bound{};
        bool is_urgent = false;
        bool is_quiet = true;  ///< nothing is kept or wanted
    };
    /// The others as far as a limit goes.
    struct Field {
        std::vector<ShareParty> parties{};  ///< in the order of ids
        std::size_t own = 0;                ///< the place of this daemon
        std::uint64_t gone = 0;             ///< claims of who is heard no more
        std::uint64_t claimed = 0;          ///< … and of the others
        std::uint64_t in_use = 0;           ///< of those
        bool is_asked = false;              ///< somebody lacks what it wants …
        bool is_wanted = false;             ///< … or wants something
    };

    [[nodiscard]] Field field_of(const NamedUse& named, SteadyTime now) const;
    [[nodiscard]] Part part_of(const NamedUse& named, SteadyTime now) const;
    /// What others may have in use. `known_at`: the log is known up to then.
    [[nodiscard]] std::uint64_t elsewhere(
        const std::string& key, SteadyTime known_at, SteadyTime now) const;
    [[nodiscard]] std::uint64_t claim_of(
        const Other& other, const ShareLine& line, SteadyTime known_at, SteadyTime now) const;
    void forget_gone(SteadyTime now);

    const std::string id_;
    const ShareTiming timing_;
    std::map<std::string, Other> others_;
    std::optional<SteadyTime> passed_over_{};  ///< when one daemon was too many
    std::map<std::string, Part> parts_;        ///< of the last plan
    std::deque<Sent> sent_;                    ///< the one in force, and those behind it
    std::map<std::string, ShareLine> last_lines_;
    std::uint64_t number_ = 0;
    std::optional<SteadyTime> last_told_{};
    bool was_quiet_ = true;
};

}  // namespace baton::llm
