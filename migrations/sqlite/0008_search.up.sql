-- Search by text. Each text of a message, the question and later its answer, has a place in the order in which they
-- came. The full-text indexes hold no text of their own: they read it back through the views when a row is deleted.
CREATE TABLE message_places (
    place INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES dialog_messages (id) ON DELETE CASCADE,
    is_answer INTEGER NOT NULL,         -- 0 | 1
    UNIQUE (message_id, is_answer)
) STRICT;
CREATE VIEW message_bodies AS
    SELECT p.place AS place, CASE p.is_answer WHEN 0 THEN m.content ELSE m.reply_content END AS body
    FROM message_places p JOIN dialog_messages m ON m.id = p.message_id;
CREATE VIRTUAL TABLE message_texts USING fts5(
    body, content='message_bodies', content_rowid='place', tokenize='unicode61 remove_diacritics 2');

INSERT INTO message_places (message_id, is_answer) SELECT id, 0 FROM dialog_messages ORDER BY id;
INSERT INTO message_places (message_id, is_answer)
    SELECT id, 1 FROM dialog_messages WHERE reply_content IS NOT NULL ORDER BY id;
INSERT INTO message_texts (rowid, body) SELECT place, body FROM message_bodies;

CREATE TABLE conversation_places (
    place INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL UNIQUE REFERENCES conversations (id) ON DELETE CASCADE
) STRICT;
CREATE VIEW conversation_bodies AS
    SELECT p.place AS place, c.title AS title, c.context AS context
    FROM conversation_places p JOIN conversations c ON c.id = p.conversation_id;
CREATE VIRTUAL TABLE conversation_texts USING fts5(title, context,
    content='conversation_bodies', content_rowid='place', tokenize='unicode61 remove_diacritics 2');

INSERT INTO conversation_places (conversation_id) SELECT id FROM conversations ORDER BY created_at, id;
INSERT INTO conversation_texts (rowid, title, context) SELECT place, title, context FROM conversation_bodies;
