-- What a run has finished, in order: who resumes it reads this instead of asking and paying again. Kept as the
-- message's trace until the message goes. Times are Unix milliseconds.
CREATE TABLE run_steps (
    message_id TEXT COLLATE "C" NOT NULL REFERENCES dialog_messages (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,            -- 0, 1, 2 … without gaps
    kind BIGINT NOT NULL,              -- 0 model, 1 tool, 2 wait
    content TEXT NOT NULL,              -- a JSON object
    began_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (message_id, number)
);
