-- Conversations that end, and users with what they may send. Times are Unix milliseconds.
ALTER TABLE conversations ADD COLUMN context TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN expires_at INTEGER;    -- NULL: when it was idle for as long as configured
ALTER TABLE conversations ADD COLUMN removed_at INTEGER;    -- hidden since then, and soon gone with its messages

-- Lists show what was not removed: indexes hold just that, so that counting needs no table.
DROP INDEX conversations_by_creation;
DROP INDEX conversations_by_update;
DROP INDEX conversations_by_priority;
DROP INDEX conversations_of_user;
CREATE INDEX conversations_by_creation ON conversations (created_at, id) WHERE removed_at IS NULL;
CREATE INDEX conversations_by_update ON conversations (updated_at, id) WHERE removed_at IS NULL;
CREATE INDEX conversations_by_priority ON conversations (priority, id) WHERE removed_at IS NULL;
CREATE INDEX conversations_of_user ON conversations (user_id, created_at, id) WHERE removed_at IS NULL;
CREATE INDEX conversations_of_state ON conversations (state, created_at, id) WHERE removed_at IS NULL;
CREATE INDEX conversations_by_expiry ON conversations (expires_at)
    WHERE removed_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX conversations_by_activity ON conversations (last_active_at)
    WHERE removed_at IS NULL AND expires_at IS NULL;
CREATE INDEX conversations_removed ON conversations (removed_at, id) WHERE removed_at IS NOT NULL;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    tier TEXT NOT NULL,
    messages_per_minute INTEGER,    -- 0: any number; NULL: as configured
    messages_per_day INTEGER,
    metadata TEXT NOT NULL,         -- a JSON object, or empty
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What users with a limit sent, in the minute and in the UTC day that are written beside it.
CREATE TABLE user_usage (
    user_id TEXT PRIMARY KEY,
    minute_start INTEGER NOT NULL,
    minute_count INTEGER NOT NULL,
    day_start INTEGER NOT NULL,
    day_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_usage_by_day ON user_usage (day_start);
