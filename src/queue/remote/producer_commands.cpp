#include "queue/remote/producer_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(Post);
BATON_COMMAND(WaitReply);
BATON_COMMAND(Cancel);
BATON_COMMAND(Reschedule);

}  // namespace baton::queue::remote
