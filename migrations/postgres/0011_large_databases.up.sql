-- Texts of messages are indexed in blocks of 8,192: the words of a text begin with its block's mark, five hex digits, so
-- that a search looks at the newest texts first however many texts have a word. What is written as a text begins with
-- the mark. Of a longer text its begin is found.
DROP INDEX message_texts_by_word;
DROP TRIGGER message_text_to_words ON message_texts;
TRUNCATE message_texts;

CREATE FUNCTION block_words(mark text, body text) RETURNS tsvector LANGUAGE sql STABLE AS $words$
    SELECT coalesce(string_agg('''' || replace(replace(mark || lexeme, '\', '\\'), '''', '''''') || ''':'
        || array_to_string(positions, ','), ' '), '')::tsvector
    FROM unnest(to_tsvector('baton_words', body)) WHERE octet_length(lexeme) < 2040
$words$;
-- The same question to the blocks from `first` to `last`.
CREATE FUNCTION block_query(question tsquery, first bigint, last bigint) RETURNS tsquery LANGUAGE sql IMMUTABLE AS $words$
    SELECT string_agg('(' || regexp_replace(question::text, '''((?:[^'']|'''')+)''',
        '''' || lpad(to_hex(block), 5, '0') || '\1''', 'g') || ')', ' | ')::tsquery
    FROM generate_series(first, last) AS block WHERE numnode(question) > 0
$words$;
CREATE OR REPLACE FUNCTION message_text_to_words() RETURNS trigger LANGUAGE plpgsql AS $words$
BEGIN
    NEW.words := block_words(left(NEW.body, 5), substr(NEW.body, 6, 100000));
    NEW.body := NULL;
    RETURN NEW;
END
$words$;
CREATE TRIGGER message_text_to_words BEFORE INSERT ON message_texts
    FOR EACH ROW EXECUTE FUNCTION message_text_to_words();

INSERT INTO message_texts (rowid, body)
    SELECT p.place, lpad(to_hex(p.place >> 13), 5, '0')
        || CASE p.is_answer WHEN 0 THEN m.content ELSE m.reply_content END
    FROM message_places p JOIN dialog_messages m ON m.id = p.message_id ORDER BY p.place;
CREATE INDEX message_texts_by_word ON message_texts USING GIN (words);

-- Lists of a conversation that is large itself, in the two orders that are not its own.
CREATE INDEX dialog_messages_of_conversation_by_update ON dialog_messages (conversation_id, updated_at, id);
CREATE INDEX dialog_messages_of_conversation_by_priority ON dialog_messages (conversation_id, priority, id);
