#include "queue/store/jetstream/lane_reader.h"

#include "queue/store/jetstream/stored_part.h"

namespace baton::queue::jetstream {

Result<bool> LaneReader::next(std::uint64_t from) {
    while (extent_.first <= extent_.last) {
        BATON_TRY(message_, messages_->next(patience_));
        BATON_TRY(const auto part, part_of(*message_));
        BATON_TRY(const bool counts, rule_.add(part, extent_.first));
        ++extent_.first;
        if (!counts || part.opens_epoch() || part.number < from) continue;
        if (part.begins_entry()) joined_.clear();
        if (part.count > 1) joined_ += part.data;
        if (!part.ends_entry()) continue;
        number_ = part.number;
        entry_ = part.count > 1 ? std::string_view(joined_) : part.data;
        return true;
    }
    return false;
}

}  // namespace baton::queue::jetstream
