-- Texts of messages are indexed in blocks of 8,192: the words of a text begin with its block's mark, five hex digits
-- (src/db/sqlite/block_words.h), so that a search looks at the newest texts first however many words begin alike. The
-- index is not asked for relevance, so it keeps no sizes.
DROP TABLE message_texts;
DROP VIEW message_bodies;
CREATE VIEW message_bodies AS
    SELECT p.place AS place,
        printf('%05x', p.place >> 13) || CASE p.is_answer WHEN 0 THEN m.content ELSE m.reply_content END AS body
    FROM message_places p JOIN dialog_messages m ON m.id = p.message_id;
CREATE VIRTUAL TABLE message_texts USING fts5(body, content='message_bodies', content_rowid='place', columnsize=0,
    tokenize='baton_blocks unicode61 remove_diacritics 2');
INSERT INTO message_texts (rowid, body) SELECT place, body FROM message_bodies ORDER BY place;

-- Lists of a conversation that is large itself, in the two orders that are not its own.
CREATE INDEX dialog_messages_of_conversation_by_update ON dialog_messages (conversation_id, updated_at, id);
CREATE INDEX dialog_messages_of_conversation_by_priority ON dialog_messages (conversation_id, priority, id);
