// The kRPC door: /kapi/msg_queue, where BuckyOS's kernel RPC finds the queues.
#pragma once

#include "access/access.h"
#include "api/door.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "service/log_service.h"
#include "service/named_queue_service.h"
#include "service/operator_service.h"
#include "service/output_service.h"
#include "service/queue_service.h"

namespace baton::api::krpc {

/// What the calls reach. All must outlive the door.
struct KrpcDeps {
    const access::Access& access;
    service::QueueService& queues;
    service::OperatorService& operations;
    service::NamedQueueService& named;
    service::OutputService& outputs;
    service::LogService& logs;
    const Clock& clock;
    MetricRegistry& metrics;
};

/// Answers with status 200 whatever the call says; see docs/guide/krpc.md.
[[nodiscard]] Door make_krpc_door(KrpcDeps deps, Log log);

}  // namespace baton::api::krpc
