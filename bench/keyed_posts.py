#!/usr/bin/env python3
"""What an Idempotency-Key costs, and what a cached user record would save: one client, one connection.

  bench/keyed_posts.py [--runs 3] [--requests 2000] [--bin build/release/bin]

Each database with each cache on a real batond; PostgreSQL and Redis are real servers on 127.0.0.1. One JSON line
a row on standard output and in bench/results/keyed_posts.jsonl. A run that made another number of conversations
than it should have is void and ends the program with status 1.
"""
import argparse
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import servers
from facts import ROOT, Results

CONVERSATIONS = "/api/v1/conversations"


class Client:
    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port)
        self.fields = {"Authorization": "Bearer " + daemon.key, "Content-Type": "application/json"}

    def call(self, method, path, body=None, key=None):
        fields = self.fields if key is None else self.fields | {"Idempotency-Key": key}
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"void: {method} {path}: {answer.status} {text}")
        return text

    def p50_us(self, requests, method, path, body=None, key_of=lambda i: None):
        times = []
        for i in range(requests):
            key = key_of(i)
            begin = time.perf_counter()
            self.call(method, path, body, key)
            times.append((time.perf_counter() - begin) * 1e6)
        return round(statistics.median(times[requests // 10:]))


def redis_get_us(port):
    """One connection, one GET after the other, by Redis' own client."""
    out = subprocess.run(["redis-benchmark", "-p", str(port), "-t", "get", "-c", "1", "-n", "20000", "--csv"],
                         capture_output=True, text=True, check=True).stdout
    names, values = (line.replace('"', "").split(",") for line in out.splitlines()[:2])
    return round(float(dict(zip(names, values))["p50_latency_ms"]) * 1000)


def measure(daemon, requests, place):
    client = Client(daemon)
    client.call("PUT", "/api/v1/users/u", '{"tier":"gold"}')
    body = '{"title":"Trip"}'
    key_of = (place + "-{}").format  # daemons with databases of their own share one Redis here
    facts = {
        "nothing_us": client.p50_us(requests, "GET", "/health/live"),
        "user_us": client.p50_us(requests, "GET", "/api/v1/users/u"),
        "post_us": client.p50_us(requests, "POST", CONVERSATIONS, body),
        "keyed_us": client.p50_us(requests, "POST", CONVERSATIONS, body, key_of),
        "repeat_us": client.p50_us(requests, "POST", CONVERSATIONS, body, key_of),
    }
    total = json.loads(client.call("GET", CONVERSATIONS))["data"]["pagination"]["total"]
    if total != 2 * requests:
        sys.exit(f"void: {total} conversations")
    return facts


def run_all(run, options, results):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folders = {name: folder / name for name in ("redis", "postgres", "plain", "sqlite", "shared")}
        for path in folders.values():
            path.mkdir()
        folder.chmod(0o755)
        redis = servers.Redis(folders["redis"], durable=False)
        postgres = servers.Postgres(folders["postgres"])
        redis_settings = ["cache.kind=redis", f"database.redis.addr=127.0.0.1:{redis.port}"]
        postgres_settings = ["database.kind=postgres", "database.postgres.host=127.0.0.1",
                             f"database.postgres.port={postgres.port}", "database.postgres.user=postgres",
                             "database.postgres.dbname=postgres", "database.postgres.sslmode=disable"]
        results.row(run=run, redis=redis.version, redis_get_us=redis_get_us(redis.port))
        for database, cache, place, settings in (
                ("sqlite", "memory", "plain", []), ("sqlite", "redis", "sqlite", redis_settings),
                ("postgres", "redis", "shared", postgres_settings + redis_settings)):
            daemon = servers.Baton(folders[place], options.bin, "sqlite", "fsync", settings=settings)
            results.row(run=run, database=database, cache=cache, **measure(daemon, options.requests, place))
            daemon.stop()
        redis.stop()
        postgres.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    results = Results("keyed_posts")
    for run in range(options.runs):
        run_all(run, options, results)


if __name__ == "__main__":
    main()
