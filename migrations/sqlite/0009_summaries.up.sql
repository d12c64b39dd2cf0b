-- What stands for the older part of a conversation, made by a model once. Times are Unix milliseconds.
CREATE TABLE conversation_summaries (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    upto TEXT NOT NULL,             -- the last message it stands for
    content TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, upto)
) STRICT, WITHOUT ROWID;
