#include "queue/remote/admin_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(PutQueue);
BATON_COMMAND(GetQueue);
BATON_COMMAND(ListQueues);
BATON_COMMAND(DeleteQueue);
BATON_COMMAND(Purge);
BATON_COMMAND(SetPaused);
BATON_COMMAND(PauseKey);
BATON_COMMAND(Redrive);
BATON_COMMAND(SetQuota);
BATON_COMMAND(GetQuota);
BATON_COMMAND(GetStats);

}  // namespace baton::queue::remote
