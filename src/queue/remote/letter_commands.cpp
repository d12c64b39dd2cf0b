#include "queue/remote/letter_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(FindLetters);
BATON_COMMAND(TakeLetters);
BATON_COMMAND(DropLetters);

}  // namespace baton::queue::remote
