#!/usr/bin/env python3
"""Durable posts into a partition of a cluster, beside bare publishes to the same servers.

  bench/cluster_posts.py [--runs 5] [--thousands 300] [--bodies text]

Three nodes on 127.0.0.1, three copies of each stream, data under build/. `bare` is libnats publishing
256 bytes one by one (bench/load/jetstream_designs); `engine` is Baton's engine with its log in JetStream,
64 producers that post as many bytes (bench/load/cluster_posts): with one call under way each, with 16 and
64 single posts under way each (bare has 4,096 in all, as the last), and at steady rates, where latency counts
from when a post was due. Before and after it `bare` publishes one by one for four seconds, as fast as
it goes and at fixed times: in the first a wait of the servers is one sample of thousands, in the second
it counts for all that was due meanwhile, as in the steady rows.

Baton compresses its log, so it matters what is posted. `--bodies text`: chat messages in JSON of words
that are taken at random, as often as they stand in Baton's own documentation; that leaves less to
compress than sentences do (2.2 times to their 2.5). `--bodies random`: bytes that nothing compresses.
Rows go to bench/results/cluster_posts.jsonl; a table of medians ends the run.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import servers
from facts import ROOT, Results
from jetstream_designs import print_table


BODY_BYTES = 256
BODIES = 16384  # four times what one entry of the log holds: none repeats in it


def make_bodies(kind):
    """All bodies, one behind the other, the same in each run."""
    chance = random.Random(1)
    if kind == "random":
        return chance.randbytes(BODIES * BODY_BYTES)
    words = [word for page in sorted((ROOT / "docs").rglob("*.md"))
             for word in page.read_text().split()]
    bodies = []
    for _ in range(BODIES):
        content = " ".join(chance.choices(words, k=BODY_BYTES))
        start = b'{"role":"user","content":' + json.dumps(content).encode()
        bodies.append(start[:BODY_BYTES - 2] + b'"}')
    return b"".join(bodies)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--thousands", type=int, default=300, help="messages of a row")
    parser.add_argument("--bodies", choices=["text", "random"], default="text")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("cluster_posts", durability="replicated", producers=64, bodies=options.bodies)
    rows = []
    for run in range(options.runs):
        with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
            cluster = servers.JetStreamCluster(folder)
            urls = ",".join(cluster.urls)
            bodies = pathlib.Path(folder) / "bodies"
            bodies.write_bytes(make_bodies(options.bodies))
            bare = ["jetstream_designs", "--servers", urls, "--user", cluster.user, "--password",
                    cluster.password, "--messages", str(options.thousands * 1000), "--producers",
                    "64", "--only"]
            programs = [
                [*bare, "bare,one"],
                ["cluster_posts", urls, cluster.user, cluster.password, folder,
                 bodies, str(options.thousands)],
                [*bare, "one"],
            ]
            try:
                for program in programs:
                    done = subprocess.run([options.bin.resolve() / program[0], *program[1:]],
                                          capture_output=True, text=True, timeout=600)
                    if done.returncode != 0:
                        sys.exit(f"void: {done.stderr.strip()}")
                    for line in done.stdout.splitlines():
                        rows.append({"run": run} | json.loads(line))
                        results.row(version=cluster.version, **rows[-1])
            finally:
                cluster.stop()
    print_table(rows)


if __name__ == "__main__":
    main()
