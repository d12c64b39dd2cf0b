#include "queue/remote/browser_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(Peek);
BATON_COMMAND(Get);
BATON_COMMAND(Explain);

}  // namespace baton::queue::remote
