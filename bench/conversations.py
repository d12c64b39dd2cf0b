#!/usr/bin/env python3
"""Pages of lists and searches over a million messages, and how fast they came in
(bench/load/conversation_pages.cpp), on SQLite and on a PostgreSQL of its own.

  bench/conversations.py [--databases sqlite,postgres] [--messages 1000000] [--conversations 10000]
                         [--pages 40] [--writers 256]
  bench/conversations.py --pages 0 --messages 100000 --writers 16      # writes only
  bench/conversations.py --sqlite /var/tmp/big --postgres-port 5433    # filled once, kept, measured again

Rows go to bench/results/conversations.jsonl, or writes.jsonl without pages. A million messages take
3 GB of disk and some minutes on each.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from facts import ROOT, Results, fdatasync_p50_us
from servers import Postgres


def measure(options, database, results):
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        server = None
        facts = {"fdatasync_p50_us": fdatasync_p50_us(folder)}
        place = options.sqlite or pathlib.Path(folder) / "sqlite"
        if database == "postgres" and options.postgres_port:
            place = options.postgres_port
        elif database == "postgres":
            pathlib.Path(folder).chmod(0o755)
            server = Postgres(folder)
            place, facts["version"] = server.port, server.version
        try:
            program = subprocess.Popen(
                [options.bin.resolve() / "conversation_pages", database, str(place),
                 str(options.messages), str(options.conversations), str(options.pages),
                 str(options.writers)], stdout=subprocess.PIPE, text=True)
            for line in program.stdout:
                results.row(**facts, messages=options.messages, **json.loads(line))
            if program.wait() != 0:
                sys.exit(f"void: {database} ended with {program.returncode}")
        finally:
            if server is not None:
                server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=40, help="of each kind at each depth")
    parser.add_argument("--writers", type=int, default=256)
    parser.add_argument("--sqlite", type=pathlib.Path, help="a folder that stays")
    parser.add_argument("--postgres-port", type=int, help="a server on 127.0.0.1 that is there")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("conversations" if options.pages else "writes", body_bytes=0)
    for database in options.databases.split(","):
        measure(options, database, results)


if __name__ == "__main__":
    main()
