#include "queue/remote/log_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(Subscribe);
BATON_COMMAND(Unsubscribe);
BATON_COMMAND(ListSubscriptions);
BATON_COMMAND(Fetch);
BATON_COMMAND(Commit);
BATON_COMMAND(Seek);
BATON_COMMAND(TruncateBefore);

}  // namespace baton::queue::remote
