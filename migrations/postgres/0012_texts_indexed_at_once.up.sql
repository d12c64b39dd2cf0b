-- GIN's list of what is not in the index yet is read as a whole by each block a search looks at: up to 4 MB, 2 ms a
-- block. Texts come in by transactions of many, whose words share the block's mark, so putting them in place costs no more.
ALTER INDEX message_texts_by_word SET (fastupdate = off);
ALTER INDEX conversation_texts_by_word SET (fastupdate = off);
SELECT gin_clean_pending_list('message_texts_by_word'), gin_clean_pending_list('conversation_texts_by_word');
