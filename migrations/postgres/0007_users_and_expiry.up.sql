-- Conversations that end, and users with what they may send. Times are Unix milliseconds.
ALTER TABLE conversations ADD COLUMN context TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN expires_at BIGINT;     -- NULL: when it was idle for as long as configured
ALTER TABLE conversations ADD COLUMN removed_at BIGINT;     -- hidden since then, and soon gone with its messages

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
    id TEXT COLLATE "C" PRIMARY KEY,
    tier TEXT COLLATE "C" NOT NULL,
    messages_per_minute BIGINT,     -- 0: any number; NULL: as configured
    messages_per_day BIGINT,
    metadata TEXT NOT NULL,         -- a JSON object, or empty
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What users with a limit sent, in the minute and in the UTC day that are written beside it.
CREATE TABLE user_usage (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    minute_start BIGINT NOT NULL,
    minute_count BIGINT NOT NULL,
    day_start BIGINT NOT NULL,
    day_count BIGINT NOT NULL
);
CREATE INDEX user_usage_by_day ON user_usage (day_start);
