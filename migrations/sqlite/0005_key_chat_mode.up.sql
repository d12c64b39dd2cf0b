-- How chats of a key go that do not say: 0 durable, 1 pass-through; null: as the daemon is told.
ALTER TABLE api_keys ADD COLUMN chat_mode INTEGER;
