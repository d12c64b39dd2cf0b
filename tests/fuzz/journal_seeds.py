#!/usr/bin/env python3
"""Writes the seeds of journal_fuzz into corpus/journal: a record of each kind, whole lives, raw bytes."""
import struct
from pathlib import Path

OUT = Path(__file__).parent / "corpus" / "journal"
END = b"\xff"


def text(value):
    return struct.pack("<I", len(value)) + value


def record(kind, payload):
    return struct.pack("<BH", kind, len(payload)) + payload


def place(seq, queue=1):
    return struct.pack("<IQ", queue, seq)


def queue_put(name=b"q", next_seq=1):
    return record(1, struct.pack("<IQQqB", 1, 42, next_seq, 1000, 0) + text(name) + text(b"{}") +
                  text(b"default"))


def post(seq, dedup=b"", until=0):
    return record(3, place(seq) + struct.pack("<qqqqB", 1000, 1000, 2**63 - 1, until, 2) +
                  text(b"order") + text(b"fair") + text(dedup) + text(b"{}") +
                  struct.pack("<I", 1) + text(b"name") + text(b"value") + text(b"content"))


def delivery(seq, state):
    return record(4, place(seq) + struct.pack("<BqIIqBB", state, 2000, 1, 1, 1000, 255, 0) + text(b"why") +
                  struct.pack("<IqI", 1, 1500, 1) + text(b"note"))


def reply(seq):
    return record(7, place(seq) + struct.pack("<qqQ", 5000, 1200, 42) + text(b"{}") + text(b"r"))


def output(seq, first, count):
    events = b"".join(text(b"event") for _ in range(count))
    return record(10, place(seq) + struct.pack("<QIqqI", first, 1, 1100, 4000, count) + events)


seeds = {
    "records": b"\0" + queue_put() + post(1) + END + delivery(1, 2) + END + reply(1) + END +
               record(5, place(1)),
    "dedup": b"\0" + queue_put() + post(1, b"key", 9000) + post(2, b"other", 9000) + END +
             record(5, place(1)) + record(9, place(1) + struct.pack("<q", 9000) + text(b"key")),
    "purge": b"\0" + queue_put() + post(1) + post(2) + delivery(2, 4) + END +
             record(6, place(2)) + record(8, struct.pack("<Iq", 1, 3000)),
    "streams": b"\0" + queue_put() + post(1) + output(1, 0, 2) + END + output(1, 2, 1) + END +
               record(11, struct.pack("<IQ", 1, 1) + text(b"sub")) + record(13, place(1)) + END +
               record(12, struct.pack("<I", 1) + text(b"sub")),
    "dropped": b"\0" + queue_put() + post(1) + END + record(2, struct.pack("<I", 1)) + queue_put(b"r"),
    "control": b"\0" + record(15, struct.pack("<Q", 100) + text(b"default")) + queue_put() + END +
               record(14, struct.pack("<IBB", 1, 1, 1) + text(b"key")) + post(1) + END +
               record(14, struct.pack("<IBB", 1, 1, 0) + text(b"key")) +
               record(15, struct.pack("<Q", 0) + text(b"default")),
    "no_queue": b"\0" + post(1),
    "moved": b"\0" + queue_put() + post(2) + END + post(1) + delivery(1, 1) + END + post(2),
    "raw": b"\1" + b"BTCH" + bytes(44) + b"\0" * 600 + b"BTCH" + bytes(range(200)),
    "empty": b"\0",
}
OUT.mkdir(parents=True, exist_ok=True)
for name, data in seeds.items():
    (OUT / name).write_bytes(data)
