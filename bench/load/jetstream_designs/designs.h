// The designs that could make a queue of JetStream, each as small as it can be and still be
// measured.
#pragma once

#include <cstddef>

#include "link.h"

namespace baton::bench {

/// The yardstick: a message a publish. `bare` with as many unanswered as the client library and the
/// server bear, `bare, a producer` with one for each producer, `sync` with one at all.
void measure_bare(const Plan& plan);

/// One producer, one publish at a time, for four seconds each: one after the other, and at fixed
/// times, where latency counts from when a publish was due.
void measure_one_by_one(const Plan& plan);

/// A replicated log: what is posted while a batch is on its way makes up the next one, which is one
/// publish that names the last sequence it knows and an id. In windows of so many messages a
/// producer that batches come to 16 (one message a producer), 30, 120 and 500 KB, and with 1 to 3
/// batches on their way.
void measure_log(const Plan& plan);

/// Reading a log of 120 KB batches back, in each way that JetStream has.
void measure_log_reads(const Plan& plan);

/// A stream of messages for each queue, and JetStream's own consumer.
void measure_queue(const Plan& plan);

}  // namespace baton::bench
