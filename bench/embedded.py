#!/usr/bin/env python3
"""The engine inside one process, without any wire (bench/load/queue_posts.cpp), on each store.

  bench/embedded.py [--runs 5] [--stores journal,sqlite] [--thousands 800]
  bench/embedded.py --backlogs 10,10000 [--runs 5] [--stores journal]

With backlogs (in thousands): only what posts and pops cost behind so many queued messages. Ten million
take 4 GB of disk, 6 GB of memory (the page cache included) and half a minute. Those rows go to
bench/results/backlog.jsonl. The rest goes to bench/results/embedded.jsonl.

Before them all free memory is touched once: a virtual machine may have given its free pages back to the
host, and the first use of each then costs microseconds, whoever asks for it.
"""
import argparse
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

from facts import ROOT, Results


KEPT_BYTES = 4 << 30  # left for the rest of the machine


def touch_memory():
    """All that is free but for a rest, in a process of its own, which gives it back."""
    free = next(int(line.split()[1]) << 10 for line in open("/proc/meminfo")
                if line.startswith("MemAvailable"))
    size = max(free - KEPT_BYTES, 1 << 20)
    code = f"import mmap; mmap.mmap(-1, {size}, flags=mmap.MAP_PRIVATE | mmap.MAP_POPULATE)"
    subprocess.run([sys.executable, "-c", code], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--stores", default="journal,sqlite")
    parser.add_argument("--thousands", type=int, default=800, help="messages of a row")
    parser.add_argument("--backlogs", default="", help="in thousands")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("backlog" if options.backlogs else "embedded", durability="fsync")
    settings = [[backlog] for backlog in options.backlogs.split(",")] if options.backlogs else [[]]
    for run, store, setting in itertools.product(range(options.runs), options.stores.split(","),
                                                 settings):
        if setting:
            touch_memory()
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            program = subprocess.run([options.bin.resolve() / "queue_posts", store, folder,
                                      str(options.thousands), *setting],
                                     capture_output=True, text=True)
        if program.returncode != 0:
            sys.exit(f"void: {program.stderr.strip()}")
        for line in program.stdout.splitlines():
            facts = json.loads(line)
            facts.pop("bench")
            results.row(run=run, **facts)


if __name__ == "__main__":
    main()
