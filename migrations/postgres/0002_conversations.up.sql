-- Conversations and the messages in them. Times are Unix milliseconds; ids of messages are their text, which sorts
-- by age. Levels: 0 realtime .. 3 low.
CREATE TABLE conversations (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    state BIGINT NOT NULL,             -- 0 active, 1 inactive, 2 completed, 3 archived
    priority BIGINT NOT NULL,
    metadata TEXT NOT NULL,             -- a JSON object, or empty
    message_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_active_at BIGINT NOT NULL
);

CREATE INDEX conversations_by_creation ON conversations (created_at, id);
CREATE INDEX conversations_by_update ON conversations (updated_at, id);
CREATE INDEX conversations_by_priority ON conversations (priority, id);
CREATE INDEX conversations_of_user ON conversations (user_id, created_at, id);

-- One row is a user's turn and, once there is one, the answer to it.
CREATE TABLE dialog_messages (
    id TEXT COLLATE "C" PRIMARY KEY,
    conversation_id TEXT COLLATE "C" NOT NULL REFERENCES conversations (id),
    user_id TEXT COLLATE "C" NOT NULL,
    agent_id TEXT NOT NULL,
    content TEXT NOT NULL,
    priority BIGINT NOT NULL,
    status BIGINT NOT NULL,            -- 0 pending, 1 processing, 2 completed, 3 failed, 4 timeout, 5 cancelled
    retry_count BIGINT NOT NULL,
    metadata TEXT NOT NULL,             -- a JSON object, or empty
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    completed_at BIGINT,
    reply_content TEXT,                 -- this and the rest: once completed
    reply_model TEXT,
    reply_input_tokens BIGINT,
    reply_output_tokens BIGINT,
    reply_created_at BIGINT
);

CREATE INDEX dialog_messages_of_conversation ON dialog_messages (conversation_id, id);
CREATE INDEX dialog_messages_of_user ON dialog_messages (user_id, created_at, id);
CREATE INDEX dialog_messages_of_status ON dialog_messages (status, created_at, id);
CREATE INDEX dialog_messages_by_creation ON dialog_messages (created_at, id);
CREATE INDEX dialog_messages_by_update ON dialog_messages (updated_at, id);
CREATE INDEX dialog_messages_by_priority ON dialog_messages (priority, id);
CREATE INDEX dialog_messages_unfinished ON dialog_messages (id) WHERE status < 2;
