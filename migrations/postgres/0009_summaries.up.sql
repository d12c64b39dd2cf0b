-- What stands for the older part of a conversation, made by a model once. Times are Unix milliseconds.
CREATE TABLE conversation_summaries (
    conversation_id TEXT COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    upto TEXT COLLATE "C" NOT NULL,     -- the last message it stands for
    content TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, upto)
);
