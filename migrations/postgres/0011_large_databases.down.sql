DROP INDEX dialog_messages_of_conversation_by_priority;
DROP INDEX dialog_messages_of_conversation_by_update;
DROP INDEX message_texts_by_word;
DROP FUNCTION block_query(tsquery, bigint, bigint);
DROP TRIGGER message_text_to_words ON message_texts;
TRUNCATE message_texts;
CREATE OR REPLACE FUNCTION message_text_to_words() RETURNS trigger LANGUAGE plpgsql AS $words$
BEGIN
    NEW.words := to_tsvector('baton_words', left(NEW.body, 200000));
    NEW.body := NULL;
    RETURN NEW;
END
$words$;
DROP FUNCTION block_words(text, text);
CREATE TRIGGER message_text_to_words BEFORE INSERT ON message_texts
    FOR EACH ROW EXECUTE FUNCTION message_text_to_words();
INSERT INTO message_texts (rowid, body)
    SELECT p.place, CASE p.is_answer WHEN 0 THEN m.content ELSE m.reply_content END
    FROM message_places p JOIN dialog_messages m ON m.id = p.message_id ORDER BY p.place;
CREATE INDEX message_texts_by_word ON message_texts USING GIN (words);
