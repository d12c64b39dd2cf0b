#!/usr/bin/env python3
"""Ways to make a queue of a JetStream cluster, side by side (bench/load/jetstream_designs).

  bench/jetstream_designs.py [--runs 5] [--messages 200000] [--only bare,log,reads,queue,one]

Each run has a fresh cluster of three nodes on 127.0.0.1, all streams with three copies, data on the
disk under build/. Rows go to bench/results/jetstream_designs.jsonl; a table of medians ends the run.
"""
import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import servers
from facts import ROOT, Results


def print_table(rows):
    """Medians over the runs, and how each row stands to the bare publish of the same run."""
    groups = collections.defaultdict(list)
    bare = {row["run"]: row["per_second"] for row in rows
            if (row["design"], row["what"]) == ("bare", "async")}
    for row in rows:
        groups[row["design"], row["what"]].append(row)
    print("| design | what | messages/s | × bare | p50 ms | p99 ms |\n|---|---|---:|---:|---:|---:|")
    for (design, what), group in groups.items():
        def median(key):
            return statistics.median(row[key] for row in group)
        ratios = [row["per_second"] / bare[row["run"]] for row in group if row["run"] in bare]
        ratio = f"{statistics.median(ratios):.2f}" if ratios else ""
        times = f"{median('p50_us') / 1000:.2f} | {median('p99_us') / 1000:.2f}" \
            if median("p50_us") else "|"
        print(f"| {design} | {what} | {median('per_second'):,.0f} | {ratio} | {times} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--producers", type=int, default=64)
    parser.add_argument("--only", default="bare,log,reads,queue")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("jetstream_designs", durability="replicated", producers=options.producers)
    rows = []
    for run in range(options.runs):
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            cluster = servers.JetStreamCluster(folder)
            try:
                program = subprocess.run(
                    [options.bin.resolve() / "jetstream_designs",
                     "--servers", ",".join(cluster.urls), "--user", cluster.user,
                     "--password", cluster.password, "--messages", str(options.messages),
                     "--producers", str(options.producers), "--only", options.only],
                    capture_output=True, text=True, timeout=600)
            finally:
                cluster.stop()
        for line in program.stdout.splitlines():
            rows.append({"run": run} | json.loads(line))
            results.row(version=cluster.version, **rows[-1])
        if program.returncode != 0:
            sys.exit(f"void: {program.stderr.strip()}")
    print_table(rows)


if __name__ == "__main__":
    main()
