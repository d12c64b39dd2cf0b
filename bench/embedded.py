#!/usr/bin/env python3
"""The engine inside one process, without any wire (bench/load/queue_posts.cpp), on each store.

  bench/embedded.py [--runs 5] [--stores journal,sqlite] [--thousands 800]

Rows go to bench/results/embedded.jsonl.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from facts import ROOT, Results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--stores", default="journal,sqlite")
    parser.add_argument("--thousands", type=int, default=800, help="messages of a row")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("embedded", durability="fsync")
    for run in range(options.runs):
        for store in options.stores.split(","):
            with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
                program = subprocess.run([options.bin.resolve() / "queue_posts", store, folder,
                                          str(options.thousands)],
                                         capture_output=True, text=True)
            if program.returncode != 0:
                sys.exit(f"void: {program.stderr.strip()}")
            for line in program.stdout.splitlines():
                facts = json.loads(line)
                facts.pop("bench")
                results.row(run=run, **facts)


if __name__ == "__main__":
    main()
