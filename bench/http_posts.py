#!/usr/bin/env python3
"""Durable single posts over HTTP: a real batond, loaded with wrk on the same machine.

  bench/http_posts.py [--runs 5] [--seconds 10] [--stores journal,sqlite] [--bin build/release/bin]

One JSON line a row on standard output and in bench/results/http_posts.jsonl. A run in which the queue does not
hold exactly what was answered with 201 is void and ends the program with status 1.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

import servers
from facts import BODY_BYTES, ROOT, Results, fdatasync_p50_us

LUA = """
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{{"content":"' .. string.rep("x", {size}) .. '"}}'
function done(summary, latency)
  io.write(string.format("RESULT %d %d %d %f %f %f %f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), latency.max))
end
"""


def call(url, key, method="GET", body=None):
    request = urllib.request.Request(url, method=method,
                                     data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + key)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def rss_mb(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(daemon, queue, connections, seconds, script):
    threads = 1 if connections == 1 else 2
    wrk = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}", "-s", script,
         f"{daemon.url}/v1/queues/{queue}/messages"], capture_output=True, text=True, check=True)
    match = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)", wrk.stdout)
    requests, duration, errors = (int(match.group(i)) for i in (1, 2, 3))
    p50, p95, p99, top = (float(match.group(i)) for i in (4, 5, 6, 7))
    return {"posts": requests, "errors": errors, "per_second": round(requests / duration * 1e6),
            "p50_us": round(p50), "p95_us": round(p95), "p99_us": round(p99), "max_us": round(top)}


def run_store(store, run, options, results):
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        facts = {"store": store, "run": run, "fdatasync_p50_us": fdatasync_p50_us(folder)}
        daemon = servers.Baton(folder, options.bin, store, "fsync")
        facts["idle_rss_mb"] = round(rss_mb(daemon.process), 1)
        script = pathlib.Path(folder) / "post.lua"
        script.write_text(LUA.format(key=daemon.key, size=BODY_BYTES))
        for connections in (64, 1):
            queue = f"posts{connections}"
            call(f"{daemon.url}/v1/queues/{queue}", daemon.key, "PUT", {})
            cpu = cpu_seconds(daemon.process)
            seen = load(daemon, queue, connections, options.seconds, script)
            seen["cpu_us_per_post"] = round(
                (cpu_seconds(daemon.process) - cpu) / max(seen["posts"], 1) * 1e6, 1)
            held = call(f"{daemon.url}/v1/queues/{queue}/stats", daemon.key)["message_count"]
            # wrk drops the answers of requests that are under way when its time ends.
            if seen["errors"] or not seen["posts"] <= held <= seen["posts"] + connections:
                sys.exit(f"void: {seen}, the queue holds {held}")
            results.row(connections=connections, **facts, **seen)
        daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--stores", default="journal,sqlite")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    results = Results("http_posts", durability="fsync")
    stores = options.stores.split(",")
    for run in range(options.runs):
        for store in list(stores):
            try:
                run_store(store, run, options, results)
            except servers.Unsupported as reason:
                results.row(store=store, unsupported=str(reason))
                stores.remove(store)


if __name__ == "__main__":
    main()
