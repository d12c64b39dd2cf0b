DROP TABLE conversation_texts;
DROP VIEW conversation_bodies;
DROP TABLE conversation_places;
DROP TABLE message_texts;
DROP VIEW message_bodies;
DROP TABLE message_places;
