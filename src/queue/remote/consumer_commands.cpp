#include "queue/remote/consumer_commands.h"

#include "queue/remote/command_bytes.h"

namespace baton::queue::remote {

BATON_COMMAND(Pop);
BATON_COMMAND(Ack);
BATON_COMMAND(Nack);
BATON_COMMAND(Extend);
BATON_COMMAND(SetCosts);
BATON_COMMAND(AckAndPop);
BATON_COMMAND(StoreReply);
BATON_COMMAND(Withdraw);

}  // namespace baton::queue::remote
