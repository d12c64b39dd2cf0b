DROP TABLE conversation_texts;
DROP FUNCTION conversation_text_to_words();
DROP TABLE conversation_places;
DROP TABLE message_texts;
DROP FUNCTION message_text_to_words();
DROP TABLE message_places;
DROP TEXT SEARCH CONFIGURATION baton_words;
