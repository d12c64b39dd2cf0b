#include "queue/remote/output_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(AppendOutput);
BATON_COMMAND(ReadOutput);

}  // namespace baton::queue::remote
