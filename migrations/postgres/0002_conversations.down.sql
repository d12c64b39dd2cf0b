DROP TABLE dialog_messages;
DROP TABLE conversations;
