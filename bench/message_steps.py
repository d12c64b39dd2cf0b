#!/usr/bin/env python3
"""What keeping the steps of runs takes on disk, and what reading them takes: SQLite, one client, one connection.

  bench/message_steps.py [--messages 2000] [--bin build/release/bin]

Messages of 256 bytes to an agent whose model is `echo`, so that each run is one step. One JSON line on standard output
and in bench/results/message_steps.jsonl. A message without exactly one step is void and ends the program with status 1.
"""
import argparse
import json
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import time

import servers
from facts import BODY_BYTES, ROOT, Results
from keyed_posts import Client

MESSAGES = "/api/v1/messages"


def timed(client, path):
    begin = time.perf_counter()
    text = client.call("GET", path)
    return (time.perf_counter() - begin) * 1e6, json.loads(text)["data"]


def send_all(client, count):
    """The messages' paths, once all are answered."""
    body = json.dumps({"content": "x" * BODY_BYTES})
    paths = [f'{MESSAGES}/{json.loads(client.call("POST", MESSAGES, body))["data"]["id"]}' for _ in range(count)]
    for path in paths:
        if json.loads(client.call("GET", path + "?wait_ms=20000"))["data"]["status"] != "completed":
            sys.exit(f"void: {path} is not answered")
    return paths


def read_all(client, paths):
    message_us, steps_us = [], []
    for path in paths:
        message_us.append(timed(client, path)[0])
        took, page = timed(client, path + "/steps")
        steps_us.append(took)
        if len(page["steps"]) != 1:
            sys.exit(f"void: {page}")
    return {"message_us": round(statistics.median(message_us)), "steps_us": round(statistics.median(steps_us))}


def kept_bytes(database, count):
    """Of pages, by message."""
    connection = sqlite3.connect(database)
    sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    connection.close()
    return {"steps_bytes": round(sizes["run_steps"] / count), "all_bytes": round(sum(sizes.values()) / count)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("message_steps")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        daemon = servers.Baton(folder, options.bin.resolve(), "sqlite", "fsync",
                               settings=['llm.endpoints=[{"provider":"echo"}]'])
        client = Client(daemon)
        facts = read_all(client, send_all(client, options.messages))
        daemon.stop()
        facts |= kept_bytes(folder / "data/baton.db", options.messages)
        results.row(messages=options.messages, **facts)


if __name__ == "__main__":
    main()
