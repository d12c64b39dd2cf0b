DROP INDEX dialog_messages_of_conversation_by_priority;
DROP INDEX dialog_messages_of_conversation_by_update;
DROP TABLE message_texts;
DROP VIEW message_bodies;
CREATE VIEW message_bodies AS
    SELECT p.place AS place, CASE p.is_answer WHEN 0 THEN m.content ELSE m.reply_content END AS body
    FROM message_places p JOIN dialog_messages m ON m.id = p.message_id;
CREATE VIRTUAL TABLE message_texts USING fts5(
    body, content='message_bodies', content_rowid='place', tokenize='unicode61 remove_diacritics 2');
INSERT INTO message_texts (rowid, body) SELECT place, body FROM message_bodies ORDER BY place;
