ALTER TABLE api_keys DROP COLUMN chat_mode;
