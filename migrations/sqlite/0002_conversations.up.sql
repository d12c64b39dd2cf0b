-- Conversations and the messages in them. Times are Unix milliseconds; ids of messages are their text, which sorts
-- by age. Levels: 0 realtime .. 3 low.
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    title TEXT NOT NULL,
    state INTEGER NOT NULL,             -- 0 active, 1 inactive, 2 completed, 3 archived
    priority INTEGER NOT NULL,
    metadata TEXT NOT NULL,             -- a JSON object, or empty
    message_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL
) STRICT;

CREATE INDEX conversations_by_creation ON conversations (created_at, id);
CREATE INDEX conversations_by_update ON conversations (updated_at, id);
CREATE INDEX conversations_by_priority ON conversations (priority, id);
CREATE INDEX conversations_of_user ON conversations (user_id, created_at, id);

-- One row is a user's turn and, once there is one, the answer to it.
CREATE TABLE dialog_messages (
    id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    user_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    content TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status INTEGER NOT NULL,            -- 0 pending, 1 processing, 2 completed, 3 failed, 4 timeout, 5 cancelled
    retry_count INTEGER NOT NULL,
    metadata TEXT NOT NULL,             -- a JSON object, or empty
    error TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    completed_at INTEGER,
    reply_content TEXT,                 -- this and the rest: once completed
    reply_model TEXT,
    reply_input_tokens INTEGER,
    reply_output_tokens INTEGER,
    reply_created_at INTEGER
) STRICT;

CREATE INDEX dialog_messages_of_conversation ON dialog_messages (conversation_id, id);
CREATE INDEX dialog_messages_of_user ON dialog_messages (user_id, created_at, id);
CREATE INDEX dialog_messages_of_status ON dialog_messages (status, created_at, id);
CREATE INDEX dialog_messages_by_creation ON dialog_messages (created_at, id);
CREATE INDEX dialog_messages_by_update ON dialog_messages (updated_at, id);
CREATE INDEX dialog_messages_by_priority ON dialog_messages (priority, id);
CREATE INDEX dialog_messages_unfinished ON dialog_messages (id) WHERE status < 2;
