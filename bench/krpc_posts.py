#!/usr/bin/env python3
"""Durable posts over kRPC beside the same posts at /v1/queues: a real batond, loaded with wrk on the same machine.

  bench/krpc_posts.py [--runs 5] [--seconds 5] [--store journal] [--bin build/release/bin]

Rows go to standard output and bench/results/krpc_posts.jsonl; a table of medians ends the run. kRPC answers with status
200 whatever happened, so what counts is the queue: a run in which it does not hold exactly what was answered is void and
ends the program with status 1.
"""
import argparse
import base64
import collections
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import servers
from facts import BODY_BYTES, ROOT, Results, fdatasync_p50_us
from http_posts import call, cpu_seconds

BODY = b"x" * BODY_BYTES
BASE64 = base64.b64encode(BODY).decode()
LUA = """
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer %(key)s"
wrk.headers["Content-Type"] = "application/json"
local body = [[%(body)s]]
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end
local count = 0
local own_ids = %(own_ids)s
local before, behind
function init(args)
  if own_ids then
    local place = body:find("ID", 1, true)
    before, behind = body:sub(1, place - 1), body:sub(place + 2)
  else
    same = wrk.format(nil, nil, nil, body)
  end
end
function request()
  if not own_ids then return same end
  count = count + 1
  return wrk.format(nil, nil, nil, before .. number .. "-" .. count .. behind)
end
function done(summary, latency)
  io.write(string.format("RESULT %%d %%d %%d %%f %%f %%f %%f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), latency.max))
end
"""


def krpc(method, queue, **params):
    return "/kapi/msg_queue", {"method": method, "params": {"queue_id": queue} | params, "sys": [1]}


def one(content):
    return lambda queue: krpc("post_message", queue, message={"content": content})


def many(content):
    return lambda queue: krpc("post_messages", queue, messages=[{"content": content}] * 100)


# What is posted → messages of a call, and the call for a queue.
FORMS = {
    "HTTP, one JSON object": (
        1, lambda queue: (f"/v1/queues/{queue}/messages", {"content": BODY.decode()})),
    "HTTP, 100 in a JSON object": (
        100, lambda queue: (f"/v1/queues/{queue}/messages",
                            {"messages": [{"content": BODY.decode()}] * 100})),
    "kRPC post_message, base64": (1, one(BASE64)),
    "kRPC post_message, array of bytes": (1, one(list(BODY))),
    "kRPC post_message with an id, base64": (
        1, lambda queue: krpc("post_message", queue, message={"id": "ID", "content": BASE64})),
    "kRPC post_messages of 100, base64": (100, many(BASE64)),
    "kRPC post_messages of 100, arrays of bytes": (100, many(list(BODY))),
}


def load(daemon, path, body, own_ids, connections, seconds, folder):
    script = pathlib.Path(folder) / "post.lua"
    text = json.dumps(body, separators=(",", ":"))
    script.write_text(LUA % {"key": daemon.key, "body": text,
                             "own_ids": "true" if own_ids else "false"})
    wrk = subprocess.run(
        ["wrk", f"-t{1 if connections == 1 else 2}", f"-c{connections}", f"-d{seconds}", "-s",
         script, daemon.url + path], capture_output=True, text=True, check=True)
    match = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)", wrk.stdout)
    requests, duration, errors = (int(match.group(i)) for i in (1, 2, 3))
    p50, p95, p99, top = (float(match.group(i)) for i in (4, 5, 6, 7))
    return {"calls": requests, "errors": errors, "seconds": duration / 1e6, "p50_us": round(p50),
            "p95_us": round(p95), "p99_us": round(p99), "max_us": round(top)}


def measure(daemon, what, connections, seconds, folder):
    """One row: a queue of its own, which is counted and goes."""
    size, make = FORMS[what]
    call(f"{daemon.url}/v1/queues/bench", daemon.key, "PUT", {})
    path, body = make("bench")
    cpu = cpu_seconds(daemon.process)
    seen = load(daemon, path, body, "an id" in what, connections, seconds, folder)
    cpu = cpu_seconds(daemon.process) - cpu
    held = call(f"{daemon.url}/v1/queues/bench/stats", daemon.key)["message_count"]
    # wrk drops the answers of requests that are under way when its time ends.
    posted = seen["calls"] * size
    if seen["errors"] or not posted <= held <= posted + connections * size:
        sys.exit(f"void: {what}: {seen}, the queue holds {held}")
    call(f"{daemon.url}/v1/queues/bench/purge", daemon.key, "POST", {})
    subprocess.run(["curl", "-fsS", "-X", "DELETE", "-H", f"Authorization: Bearer {daemon.key}",
                    f"{daemon.url}/v1/queues/bench"], check=True, capture_output=True)
    return {"what": what, "connections": connections, "batch": size,
            "per_second": round(posted / seen["seconds"]),
            "cpu_us_per_post": round(cpu / max(posted, 1) * 1e6, 2)} | seen


def print_table(rows):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["what"], row["connections"]].append(row)
    print("| what | connections | messages a second | p50 / p99 ms | daemon's CPU a message |\n"
          "|---|---:|---:|---|---:|")
    for (what, connections), group in groups.items():
        def median(key):
            return statistics.median(row[key] for row in group)
        print(f"| {what} | {connections} | {median('per_second'):,.0f} | {median('p50_us') / 1e3:.2f} / "
              f"{median('p99_us') / 1e3:.2f} | {median('cpu_us_per_post'):.1f} µs |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--store", default="journal")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    results = Results("krpc_posts", durability="fsync", store=options.store)
    rows = []
    for run in range(options.runs):
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            probe = fdatasync_p50_us(folder)
            daemon = servers.Baton(folder, options.bin, options.store, "fsync")
            for connections in (64, 1):
                for what in FORMS:
                    if options.only not in what:
                        continue
                    seen = measure(daemon, what, connections, int(options.seconds), folder)
                    rows.append({"run": run, "fdatasync_p50_us": probe} | seen)
                    results.row(**rows[-1])
            daemon.stop()
    print_table(rows)


if __name__ == "__main__":
    main()
