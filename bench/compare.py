#!/usr/bin/env python3
"""Baton beside other queue systems: the same work for each, in one run, on one machine.

  bench/compare.py [--runs 5] [--time-ms 3000] [--batches 1,10,100] [--only baton-journal,jetstream]

Each server is started afresh for each row, on 127.0.0.1, with its data under build/bench, and ended
again. The load generator (bench/load/compare) posts, takes, and does both at once; a run in which
posted, delivered and dropped are not the same messages is void. Rows go to bench/results/compare.jsonl.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import servers
from facts import ROOT, Results, fdatasync_p50_us

# Name of the row → durability in words, and how its server is started.
ROWS = {
    "baton-journal": ("fsync", lambda f, b: servers.Baton(f, b, "journal", "fsync")),
    "baton-sqlite": ("fsync", lambda f, b: servers.Baton(f, b, "sqlite", "fsync")),
    "baton-journal-lazy": ("lazy", lambda f, b: servers.Baton(f, b, "journal", "lazy")),
    "baton-journal-ack-pop":
        ("fsync", lambda f, b: servers.Baton(f, b, "journal", "fsync", "baton-ack-pop")),
    "baton-journal-stream":
        ("fsync", lambda f, b: servers.Baton(f, b, "journal", "fsync", "baton-stream")),
    "jetstream": ("lazy", lambda f, b: servers.JetStream(f, "lazy")),
    "jetstream-fsync": ("fsync", lambda f, b: servers.JetStream(f, "fsync")),
    "redis": ("fsync", lambda f, b: servers.Redis(f)),
    "rabbitmq": ("fsync", lambda f, b: servers.RabbitMq(f)),
    "beanstalkd": ("fsync", lambda f, b: servers.Beanstalkd(f)),
    "postgres": ("fsync", lambda f, b: servers.Postgres(f)),
}
# Connections of each side by batch: large batches fill the servers from fewer, and most peers do
# less with more.
CONNECTIONS = {1: 64, 10: 32, 100: 16}


def run_row(name, batch, options, results, **facts):
    durability, start = ROWS[name]
    connections = options.connections or CONNECTIONS.get(batch, 16)
    scratch = ROOT / "build/bench"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        server = start(pathlib.Path(folder), options.bin)
        try:
            load = subprocess.run(
                [options.bin / "queue_compare", "--system", server.system,
                 "--port", str(server.port), "--batch", str(batch),
                 "--producers", str(connections), "--consumers", str(connections),
                 "--messages", str(options.messages), "--time-ms", str(options.time_ms),
                 *server.options], capture_output=True, text=True, timeout=600)
        finally:
            server.stop()
        facts |= {"system": name, "version": server.version, "durability": durability,
                  "batch": batch, "producers": connections, "consumers": connections}
        if load.returncode != 0:
            results.row(**facts, void=load.stderr.strip())
            return False
        for line in load.stdout.splitlines():
            results.row(**facts, **json.loads(line))
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--time-ms", type=int, default=3000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, help="of each side; default: by batch")
    parser.add_argument("--batches", default="1,10,100")
    parser.add_argument("--only", default=",".join(ROWS))
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    results = Results("compare", time_ms=options.time_ms, messages_max=options.messages)
    names = options.only.split(",")
    good = True
    for run in range(options.runs):
        sync_us = fdatasync_p50_us(ROOT / "build")
        for name in list(names):
            for batch in map(int, options.batches.split(",")):
                try:
                    good &= run_row(name, batch, options, results, run=run,
                                    fdatasync_p50_us=sync_us)
                except servers.Unsupported as reason:
                    results.row(system=name, durability=ROWS[name][0], unsupported=str(reason))
                    names.remove(name)
                    break
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
