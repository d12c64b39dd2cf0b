#!/usr/bin/env python3
"""Durable single posts over HTTP: a real batond on SQLite, loaded with wrk on the same machine.

  bench/http_posts.py [--runs 5] [--seconds 10] [--store sqlite] [--bin build/release/bin]

One JSON line a row on standard output and in bench/results/http_posts.jsonl. A run in which the queue does not
hold exactly what was answered with 201 is void and ends the program with status 1.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BODY_BYTES = 256

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


class Daemon:
    def __init__(self, binary, store, folder):
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen(
            [binary / "batond", "--set", "server.port=0", "--set", "metrics.port=0",
             "--set", f"data.dir={folder}", "--set", f"queue.store={store}",
             "--set", "logging.level=warn"],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            match = re.search(r"ready http=(\S+)", line)
            if match:
                break
        else:
            sys.exit("batond did not start")
        self.url = "http://" + match.group(1)
        self.key = (self.folder / "admin.key").read_text().strip()

    def rss_mb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def fdatasync_p50_us(folder):
    """A 4 KiB write and fdatasync into a preallocated file."""
    path = pathlib.Path(folder) / "probe"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(fd, 0, 4096 * 500)
    os.fsync(fd)
    times = []
    for i in range(500):
        begin = time.perf_counter()
        os.pwrite(fd, b"x" * 4096, 4096 * i)
        os.fdatasync(fd)
        times.append((time.perf_counter() - begin) * 1e6)
    os.close(fd)
    path.unlink()
    return statistics.median(times)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--store", default="sqlite")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    base = {"bench": "http_posts", "store": options.store, "body_bytes": BODY_BYTES,
            "durability": "fsync", "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "build": "release", "commit": commit}
    results = ROOT / "bench/results"
    results.mkdir(parents=True, exist_ok=True)
    out = (results / "http_posts.jsonl").open("a")

    def row(**facts):
        line = json.dumps(base | facts)
        print(line, flush=True)
        out.write(line + "\n")

    rates = {64: [], 1: []}
    for run in range(options.runs):
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            sync_us = fdatasync_p50_us(folder)
            daemon = Daemon(options.bin, options.store, folder)
            idle_mb = daemon.rss_mb()
            script = pathlib.Path(folder) / "post.lua"
            script.write_text(LUA.format(key=daemon.key, size=BODY_BYTES))
            for connections in (64, 1):
                queue = f"posts{connections}"
                call(f"{daemon.url}/v1/queues/{queue}", daemon.key, "PUT", {})
                cpu = daemon.cpu_seconds()
                facts = load(daemon, queue, connections, options.seconds, script)
                facts["cpu_us_per_post"] = round(
                    (daemon.cpu_seconds() - cpu) / max(facts["posts"], 1) * 1e6, 1)
                held = call(f"{daemon.url}/v1/queues/{queue}/stats", daemon.key)["message_count"]
                # wrk drops the answers of requests that are under way when its time ends.
                if facts["errors"] or not facts["posts"] <= held <= facts["posts"] + connections:
                    sys.exit(f"void: {facts}, the queue holds {held}")
                rates[connections].append(facts["per_second"])
                row(run=run, connections=connections, fdatasync_p50_us=round(sync_us),
                    idle_rss_mb=round(idle_mb, 1), **facts)
            daemon.stop()
    for connections, values in rates.items():
        row(connections=connections, median_per_second=round(statistics.median(values)))


if __name__ == "__main__":
    main()
