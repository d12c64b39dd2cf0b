ALTER INDEX message_texts_by_word RESET (fastupdate);
ALTER INDEX conversation_texts_by_word RESET (fastupdate);
