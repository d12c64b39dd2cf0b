// Records about outputs, cursors, pauses and quotas as payloads of the journal, and back. Reading
// trusts nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/output.h"
#include "queue/engine/record.h"
#include "queue/store/journal/format.h"
#include "queue/store/journal/record_codec.h"

namespace baton::queue::journal {

// Each appends the record to the buffer, its checksum missing.
void encode(const OutputAppended& record, Buffer& buffer);
void encode(const CursorMoved& record, Buffer& buffer);
void encode(const CursorDropped& record, Buffer& buffer);
void encode(const LogTruncated& record, Buffer& buffer);
void encode(const KeyPaused& record, Buffer& buffer);
void encode(const QuotaSet& record, Buffer& buffer);

/// For compaction: an output_appended record, ending when the whole output does now (see
/// docs/formats/journal.md). `payload` was read by `read_mark`.
void encode_moved_output(std::string_view payload, TimePoint until, Buffer& buffer);

/// Fills in the mark of a record of one of these types; false when it can't be read.
[[nodiscard]] bool read_mark(std::string_view payload, Mark& mark);

/// All events of an output_appended record. Fails: storage_corrupt.
[[nodiscard]] Result<std::vector<OutputEvent>> events_of(std::string_view payload);

}  // namespace baton::queue::journal
