-- API keys. The secret itself is never stored, only its hash. Times are Unix milliseconds.
CREATE TABLE api_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    role BIGINT NOT NULL,      -- 0 member, 1 admin
    hash BYTEA NOT NULL,         -- BLAKE2b-256 of the whole key
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
