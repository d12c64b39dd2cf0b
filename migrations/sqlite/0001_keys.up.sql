-- API keys. The secret itself is never stored, only its hash. Times are Unix milliseconds.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role INTEGER NOT NULL,      -- 0 member, 1 admin
    hash BLOB NOT NULL,         -- BLAKE2b-256 of the whole key
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
