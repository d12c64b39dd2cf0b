// The shared log of a simulated partition, as one daemon reaches it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "cluster_world.h"
#include "queue/store/shared_log.h"

namespace baton::test {

/// An append happens at the moment of the call; what is lost is the answer, or what was asked.
class SimSharedLog final : public queue::SharedLog {
public:
    SimSharedLog(SimWorld& world, SimStream& stream, std::function<bool()> is_reached)
        : world_(world), stream_(stream), is_reached_(std::move(is_reached)) {}

    Result<Bounds> look() override;
    Result<Bounds> take_over() override;
    Result<void> read(std::uint64_t from, const Visit& visit) override;
    std::uint64_t room() const override { return UINT64_MAX; }
    Result<void> append(std::uint64_t number, std::string_view entry) override;
    Result<void> release_before(std::uint64_t number) override;

private:
    [[nodiscard]] Bounds bounds() const;
    [[nodiscard]] bool is_away() const { return stream_.is_away || !is_reached_(); }
    [[nodiscard]] static std::unexpected<Error> unknown();
    [[nodiscard]] Result<void> lost_answer();
    void store(std::uint64_t number, std::string_view entry);
    void store_later(std::uint64_t number, std::string_view entry);

    SimWorld& world_;
    SimStream& stream_;
    const std::function<bool()> is_reached_;
    std::uint64_t expected_ = 0;
    std::uint64_t seen_last_ = 0;  ///< the sequence up to which this one reads
    bool is_fenced_ = true;
};

}  // namespace baton::test
