DROP TABLE message_names;
