-- Names that posters gave their messages (the header baton-name), so that a reply is found under them. Times are
-- Unix milliseconds; rows go seven days after they were written.
CREATE TABLE message_names (
    name TEXT PRIMARY KEY,
    message_id TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX message_names_by_age ON message_names (written_at);
