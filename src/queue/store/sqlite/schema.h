// The tables of the SQLite store. A landed migration never changes; add a new one.
#pragma once

#include <array>

#include "db/migrations.h"

namespace baton::queue::schema {

// A message's row id is its queue's number and its seq: (number << 39) | seq. So a queue's messages
// lie together in the order of posting, and posts append. States and levels are numbers of
// model/message.h; the view `messages_readable` spells them out.
inline constexpr db::Migration queue_store{
    .version = 1,
    .name = "queue_store",
    .up = R"sql(
CREATE TABLE queues (
    number     INTEGER PRIMARY KEY,
    uid        INTEGER NOT NULL,
    name       TEXT NOT NULL UNIQUE,
    config     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    paused     INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL
);
CREATE TABLE messages (
    id           INTEGER PRIMARY KEY,
    posted_at    INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    expires_at   INTEGER,
    level        INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    ordering_key TEXT,
    fairness_key TEXT,
    dedup_key    TEXT,
    headers      TEXT,
    metadata     TEXT,
    content      BLOB NOT NULL
);
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    state       INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    history     TEXT,
    dead_reason TEXT
);
CREATE TABLE dedup (
    queue      INTEGER NOT NULL,
    key        TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) WITHOUT ROWID;
CREATE INDEX dedup_by_end ON dedup (queue, expires_at);
CREATE TABLE replies (
    id         INTEGER PRIMARY KEY,
    queue      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    metadata   TEXT,
    result     BLOB NOT NULL
);
CREATE INDEX replies_by_end ON replies (queue, expires_at);
CREATE VIEW messages_readable AS
    SELECT q.name AS queue,
           m.id & 549755813887 AS seq,
           CASE d.state WHEN 2 THEN 'leased' WHEN 4 THEN 'dead' ELSE 'waiting' END AS state,
           CASE m.level WHEN 0 THEN 'realtime' WHEN 1 THEN 'high' WHEN 2 THEN 'normal' ELSE 'low' END
               AS priority,
           strftime('%Y-%m-%dT%H:%M:%fZ', m.posted_at / 1000.0, 'unixepoch') AS posted_at,
           strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(d.due_at, m.due_at) / 1000.0, 'unixepoch') AS due_at,
           coalesce(d.attempts, 0) AS attempts,
           coalesce(d.failures, 0) AS failures,
           d.dead_reason, m.ordering_key, m.fairness_key, m.dedup_key, m.headers, m.metadata,
           m.size, CAST(m.content AS TEXT) AS content
    FROM messages m
    JOIN queues q ON q.number = m.id >> 39
    LEFT JOIN delivery d ON d.id = m.id;
)sql",
    .down = R"sql(
DROP VIEW messages_readable;
DROP TABLE replies;
DROP TABLE dedup;
DROP TABLE delivery;
DROP TABLE messages;
DROP TABLE queues;
)sql",
};

// An output is a row of its own beside its events, so that recovery reads no event.
inline constexpr db::Migration outputs_and_logs{
    .version = 2,
    .name = "outputs_and_logs",
    .up = R"sql(
CREATE TABLE outputs (
    id         INTEGER PRIMARY KEY,
    queue      INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX outputs_by_end ON outputs (queue, expires_at);
CREATE TABLE output_events (
    id      INTEGER NOT NULL,
    offset  INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (id, offset)
) WITHOUT ROWID;
CREATE TABLE cursors (
    queue        INTEGER NOT NULL,
    subscription TEXT NOT NULL,
    committed    INTEGER NOT NULL,
    PRIMARY KEY (queue, subscription)
) WITHOUT ROWID;
)sql",
    .down = R"sql(
DROP TABLE cursors;
DROP TABLE output_events;
DROP TABLE outputs;
)sql",
};

// delivery.flags: 1 stands in line anew, 2 was dead once (see Delivery in engine/record.h).
inline constexpr db::Migration queue_operations{
    .version = 3,
    .name = "queue_operations",
    .up = R"sql(
ALTER TABLE queues ADD COLUMN owner TEXT NOT NULL DEFAULT 'default';
ALTER TABLE delivery ADD COLUMN entered_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN level INTEGER;
ALTER TABLE delivery ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
CREATE TABLE paused_keys (
    queue INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    key   TEXT NOT NULL,
    PRIMARY KEY (queue, kind, key)
) WITHOUT ROWID;
CREATE TABLE quotas (
    owner       TEXT PRIMARY KEY,
    limit_bytes INTEGER NOT NULL
) WITHOUT ROWID;
)sql",
    .down = R"sql(
DROP TABLE quotas;
DROP TABLE paused_keys;
ALTER TABLE delivery DROP COLUMN flags;
ALTER TABLE delivery DROP COLUMN level;
ALTER TABLE delivery DROP COLUMN entered_at;
ALTER TABLE queues DROP COLUMN owner;
)sql",
};

inline constexpr std::array<db::Migration, 3> migrations{
    queue_store, outputs_and_logs, queue_operations};

}  // namespace baton::queue::schema
