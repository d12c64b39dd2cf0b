#!/usr/bin/env python3
"""What answers with many large messages cost in memory: lists of a conversation, searches, peeks of a
queue over HTTP and kRPC, several at a time.

    bench/answers.py [--parallel 8] [--turns 60] [--turn-bytes 900000]
                     [--messages 100] [--message-bytes 1000000] [--set KEY=VALUE …]

Prints batond's memory before each kind, at its peak and after it, and what one answer was.
"""
import argparse
import concurrent.futures
import http.client
import json
import pathlib
import tempfile
import time

import servers
from facts import ROOT, Results


def call(daemon, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=300)
    connection.request(method, path, None if body is None else json.dumps(body),
                       {"Authorization": f"Bearer {daemon.key}", "Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
    return text


def memory_mib(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return round(int(line.split()[1]) / 1024)
    raise RuntimeError(f"no {name} of {pid}")


def fill(daemon, options):
    made = json.loads(call(daemon, "POST", "/api/v1/conversations", {"user_id": "u"}))
    conversation = made["data"]["id"]
    for _ in range(options.turns):
        call(daemon, "POST", f"/api/v1/conversations/{conversation}/messages",
             {"content": ("word " * options.turn_bytes)[:options.turn_bytes]})
    while True:
        answered = json.loads(call(daemon, "GET", "/api/v1/messages?page_size=1&status=completed"))
        if answered["data"]["pagination"]["total"] == options.turns:
            break
        time.sleep(0.2)
    call(daemon, "PUT", "/v1/queues/large", {"max_message_size": options.message_bytes})
    for _ in range(options.messages):
        call(daemon, "POST", "/v1/queues/large/messages", {"content": "b" * options.message_bytes})
    return conversation


def kinds(daemon, options, conversation):
    peek = {"method": "peek_messages", "sys": [1, daemon.key],
            "params": {"queue_id": "large", "limit": options.messages}}
    page = f"page_size={min(options.turns, 100)}"
    return {
        "turns of a conversation": ("GET", f"/api/v1/conversations/{conversation}/messages?{page}"),
        "messages": ("GET", f"/api/v1/messages?conversation_id={conversation}&{page}"),
        "search of messages": ("GET", f"/api/v1/search/messages?q=word&{page}"),
        "peek over HTTP": ("GET", f"/v1/queues/large/messages?limit={options.messages}"),
        "peek over kRPC": ("POST", "/kapi/msg_queue", peek),
    }


def measure(daemon, options, request):
    pid = daemon.process.pid
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
    before = memory_mib(pid, "VmRSS")
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        sizes = [len(text) for text in
                 pool.map(lambda _: call(daemon, *request), range(options.parallel))]
    return {"rss_mib": before, "peak_mib": memory_mib(pid, "VmHWM"),
            "after_mib": memory_mib(pid, "VmRSS"), "answer_bytes": max(sizes),
            "seconds": round(time.monotonic() - began, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--turn-bytes", type=int, default=900_000)
    parser.add_argument("--messages", type=int, default=100)
    parser.add_argument("--message-bytes", type=int, default=1_000_000)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("answers", parallel=options.parallel, turns=options.turns,
                      turn_bytes=options.turn_bytes, messages=options.messages,
                      body_bytes=options.message_bytes)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        daemon = servers.Baton(folder, options.bin.resolve(), "sqlite", "fsync", settings=options.set)
        try:
            conversation = fill(daemon, options)
            for kind, request in kinds(daemon, options, conversation).items():
                results.row(answers=kind, **measure(daemon, options, request))
        finally:
            daemon.stop()


if __name__ == "__main__":
    main()
