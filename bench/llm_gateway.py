#!/usr/bin/env python3
"""What a gateway adds to a chat, against an upstream that costs next to nothing.

  bench/llm_gateway.py [--runs 3] [--seconds 5] [--rate 1000] [--streams 2000] [--bin build/release/bin] [--peers]

Rows for the upstream alone (direct), Baton in both modes, and with --peers @portkey-ai/gateway: latency at a steady
rate, the most requests a second from 64 connections, and many streams at a time. Added latency is the row's
percentile less that of the direct row of the same run. One JSON line a row on standard output and in
bench/results/llm_gateway.jsonl. Load, gateway and upstream share the machine.
"""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import servers
from facts import ROOT, Results, fdatasync_p50_us
from http_posts import rss_mb

PORTKEY = ROOT / "bench/peers/portkey"


class Upstream(servers.Server):
    system = "direct"

    def __init__(self, folder, binaries, pieces, pause_ms):
        super().__init__(folder)
        process = self.spawn(binaries / "llm_upstream", pieces, pause_ms, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)", process.stdout.readline()).group(1))
        self.process = process
        self.arguments = []


class Gateway(servers.Server):
    """A batond over `upstream`; `mode` is that of its requests."""

    def __init__(self, folder, binaries, upstream, store):
        super().__init__(folder)
        endpoint = [{"name": "bench", "provider": "openai", "base_url": f"http://127.0.0.1:{upstream.port}/v1",
                     "api_key": "sk-bench", "models": ["bench"]}]
        settings = [f"--set={text}" for text in (
            "server.port=0", "metrics.enabled=false", f"data.dir={self.folder}/data", f"queue.store={store}",
            "logging.level=warn", "llm.endpoints=" + json.dumps(endpoint), "llm.connections_max=4096",
            "scheduler.workers=1024",
            'agents=[{"id": "assistant", "model": "bench"}]')]
        self.process = self.spawn(binaries / "batond", *settings, stdout=subprocess.PIPE, text=True)
        ready = next(filter(None, (re.search(r"ready http=[^ ]*:(\d+)", line) for line in self.process.stdout)))
        self.port = int(ready.group(1))
        self.key = (self.folder / "data/admin.key").read_text().strip()

    def as_mode(self, mode):
        self.system = f"baton-{mode}"
        self.arguments = ["--key", self.key, "--header", f"Baton-Mode: {mode}"]
        return self


class Portkey(servers.Server):
    system = "portkey"

    def __init__(self, folder, upstream):
        super().__init__(folder)
        program = PORTKEY / "node_modules/@portkey-ai/gateway/build/start-server.js"
        if not program.exists():
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                           cwd=PORTKEY, check=True)
        # It binds every interface by itself.
        bind = self.folder / "loopback.cjs"
        bind.write_text("""const net = require("net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const port = typeof given[0] === "object" ? given[0].port : given[0];
  const done = given.find((value) => typeof value === "function");
  return listen.call(this, { port, host: "127.0.0.1" }, done);
};
""")
        self.process = self.spawn("node", "--require", bind, program, "--port", self.port, "--headless",
                                  env={"NODE_ENV": "production"})
        servers.wait_for(self.port, self.process)
        self.arguments = ["--key", "sk-bench", "--header", "x-portkey-provider: openai", "--header",
                          f"x-portkey-custom-host: http://127.0.0.1:{upstream.port}/v1"]


def load(binaries, server, *arguments):
    run = subprocess.run([binaries / "llm_load", "--port", str(server.port), *server.arguments,
                          *(str(word) for word in arguments)], capture_output=True, text=True)
    if run.returncode != 0 or not run.stdout:
        return {"failed": run.stderr.strip()[-300:]}
    seen = json.loads(run.stdout)
    if run.stderr:
        seen["first_error"] = run.stderr[:200]
    return seen


def added(row, direct, kind):
    if "failed" in row or "failed" in direct:
        return None
    return round(row[kind]["p99"] - direct[kind]["p99"])


def run_once(run, options, results):
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        facts = {"run": run, "store": options.store, "fdatasync_p50_us": fdatasync_p50_us(folder)}
        started = []

        def start(kind, name, *arguments):
            place = pathlib.Path(folder) / name
            place.mkdir()
            started.append(kind(place, *arguments))
            return started[-1]

        try:
            quick = start(Upstream, "quick", options.bin, 8, 0)
            slow = start(Upstream, "slow", options.bin, 20, 100)
            baton = start(Gateway, "baton", options.bin, quick, options.store)
            baton_slow = start(Gateway, "baton-slow", options.bin, slow, options.store)
            portkey = [start(Portkey, "portkey", quick)] if options.peers else []
            for what, arguments in {
                    "steady": ["--rate", options.rate, "--connections", 64],
                    "steady-stream": ["--rate", options.rate, "--connections", 64, "--stream"],
                    "most": ["--connections", 64],
                    "most-stream": ["--connections", 64, "--stream"]}.items():
                direct = None
                for server in [quick, lambda: baton.as_mode("pass-through"), lambda: baton.as_mode("durable"),
                               *portkey]:
                    server = server() if callable(server) else server
                    row = load(options.bin, server, "--seconds", options.seconds, *arguments)
                    direct = direct or row
                    more = {"added_p99_us": added(row, direct, "whole_us")}
                    if "stream" in what:
                        more["added_first_p99_us"] = added(row, direct, "first_us")
                    results.row(**facts, what=what, system=server.system, **row, **more,
                                rss_mb=round(rss_mb(server.process), 1))
            for server in [slow, lambda: baton_slow.as_mode("pass-through"), lambda: baton_slow.as_mode("durable")]:
                server = server() if callable(server) else server
                row = load(options.bin, server, "--stream", "--pieces", 20, "--connections", options.streams,
                           "--seconds", options.seconds)
                results.row(**facts, what="streams", streams=options.streams, system=server.system, **row,
                            rss_mb=round(rss_mb(server.process), 1))
        finally:
            for server in reversed(started):
                server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--store", default="journal")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--bin", type=lambda text: pathlib.Path(text).resolve(), default=ROOT / "build/release/bin")
    options = parser.parse_args()
    results = Results("llm_gateway")
    for run in range(options.runs):
        run_once(run, options, results)


if __name__ == "__main__":
    main()
