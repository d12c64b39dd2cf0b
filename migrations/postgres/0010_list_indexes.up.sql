-- Lists by one filter in each order: without these a page of them sorts all that the filter finds (a second for a
-- million messages).
CREATE INDEX dialog_messages_of_user_by_update ON dialog_messages (user_id, updated_at, id);
CREATE INDEX dialog_messages_of_status_by_update ON dialog_messages (status, updated_at, id);
CREATE INDEX dialog_messages_of_priority ON dialog_messages (priority, created_at, id);
CREATE INDEX dialog_messages_of_priority_by_update ON dialog_messages (priority, updated_at, id);
CREATE INDEX dialog_messages_of_user_by_priority ON dialog_messages (user_id, priority, id);
CREATE INDEX dialog_messages_of_status_by_priority ON dialog_messages (status, priority, id);
