#!/usr/bin/env python3
"""Writes the seeds of queue_command_fuzz into corpus/queue_command: requests, answers, an event."""
import struct
from pathlib import Path

OUT = Path(__file__).parent / "corpus" / "queue_command"


def text(value):
    assert len(value) < 128
    return bytes([len(value)]) + value


def message_id(seq=1):
    return struct.pack("<Q", 42) + bytes([seq])


def receipt(seq=1, attempt=1):
    return message_id(seq) + bytes([attempt])


def request(kind, payload):
    return bytes([1, kind]) + struct.pack("<QQ", 7, 1) + payload


def answer(kind, payload):
    return bytes([1, kind, 0]) + payload


def failure(kind, code=b"lease_lost", detail=b"gone"):
    return bytes([1, kind, 1]) + text(code) + text(detail) + text(b"") + b"\x00"


DATA = text(b"content") + b"\x02" + text(b"order") + text(b"fair") + text(b"dedup") + \
    b"\x01" + text(b"name") + text(b"value") + text(b"{}")
CONFIG = b"\x00\x00\x00\x80\x80\x40\x00\x00\xd8\x04\x05\xa0\x38\x00" + b"\x00\x00" * 4 + b"\x00\x00" + \
    b"\x01" + text(b"a") + b"\x02"
VIEW = message_id() + text(b"q") + b"\x02\x01" + DATA + b"\x02" + b"\x02\x02\x00\x01\x08" + b"\x01\x01" + \
    b"\x01" + b"\x02\x01" + text(b"why") + text(b"")

SEEDS = {
    "put_queue": request(1, text(b"q") + CONFIG + b"\x01" + text(b"default")),
    "list_queues": request(3, b""),
    "pause_key": request(7, text(b"q") + b"\x00" + text(b"k") + b"\x01"),
    "redrive": request(8, text(b"q") + b"\x01" + message_id() + text(b"why") + b"\x01\x02\x00\x05\x01" +
                       b"\x01" + text(b"other")),
    "post": request(20, text(b"q") + b"\x01" + DATA + b"\xd8\x04\x01\x02\x00" + b"\x01\x01"),
    "pop": request(30, text(b"q") + b"\x0a\xe0\xd4\x03\x01\x02\xd0\x0f"),
    "nack": request(32, b"\x01" + receipt() + b"\x02" + text(b"why") + b"\x01"),
    "ack_and_pop": request(34, b"\x01" + receipt() + text(b"q") + b"\x01\x02\x00\x00"),
    "peek": request(40, text(b"q") + b"\x01\x02\x03\x64"),
    "append_output": request(50, receipt() + b"\x02" + text(b"one") + text(b"two")),
    "subscribe": request(60, text(b"q") + text(b"s") + b"\x02\x05"),
    "fetch": request(63, text(b"q") + text(b"s") + b"\x01\x05\x64\x00"),
    "withdraw": request(80, b""),
    "queues": answer(3, b"\x01" + text(b"q") + b"\x2a" + text(b"default") + CONFIG + b"\x02\x01"),
    "posted": answer(20, b"\x01" + message_id() + b"\x01" + b"\x00"),
    "reply": answer(21, b"\x01" + message_id() + text(b"r") + text(b"{}") + b"\x02"),
    "popped": answer(30, b"\x01" + VIEW + receipt()),
    "acked": answer(31, b"\x02\x00" + failure(31)[2:]),
    "output": answer(51, b"\x01\x00\x01\x02" + text(b"data") + b"\x01\x01"),
    "failed": failure(20, b"queue_full", b"it is full"),
    "refused": failure(0, b"overloaded", b"too many"),
    "cancelled_event": b"\x01\x01" + message_id(),
    "usage_event": b"\x01\x02\x07\x02" + text(b"acme") + b"\xac\x02" + text(b"default") + b"\x05",
}

OUT.mkdir(parents=True, exist_ok=True)
for name, data in SEEDS.items():
    (OUT / name).write_bytes(data)
