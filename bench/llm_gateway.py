#!/usr/bin/env python3
"""What a gateway adds to a chat, against an upstream that costs next to nothing.

  bench/llm_gateway.py [--runs 3] [--seconds 5] [--rate 1000] [--streams 2000] [--bin build/release/bin] [--peers]
                       [--only steady,steady-stream,most,most-stream,streams] [--upstream aimock]

Rows for the upstream alone (direct), Baton in both modes, and with --peers @portkey-ai/gateway: latency at a steady
rate, the most requests a second from 64 connections, and many streams at a time, whose starts are spread over the
time of one. Added latency is the row's percentile less that of the direct row of the same run. Each answer is
checked for all its pieces in order; Baton's rows without one make the program end with status 1. `rss_mb` is the
most the gateway had in its memory during the row. One JSON line a row on standard output and in
bench/results/llm_gateway.jsonl. Load, gateway and upstream share the machine.

The upstream is bench/load/llm_upstream.cpp, which costs next to nothing, or aimock (tests/peers/aimock), which others
wrote: ask it for less (--rate 200 --streams 200).
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import servers
from facts import ROOT, Results, fdatasync_p50_us

PORTKEY = ROOT / "bench/peers/portkey"
AIMOCK = ROOT / "tests/peers/aimock"
PIECES, STREAM_PIECES, STREAM_PAUSE_MS = 8, 20, 100
KINDS = ("steady", "steady-stream", "most", "most-stream", "streams")


class Upstream(servers.Server):
    system = "direct"

    def __init__(self, folder, binaries, pieces, pause_ms):
        super().__init__(folder)
        process = self.spawn(binaries / "llm_upstream", pieces, pause_ms, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)", process.stdout.readline()).group(1))
        self.process = process
        self.arguments = []


class Aimock(servers.Server):
    """The same answers from a mock that others wrote."""
    system = "direct"

    def __init__(self, folder, binaries, pieces, pause_ms):
        super().__init__(folder)
        texts = [f"piece {number:04}, " for number in range(pieces)]  # as in llm_pieces.h
        fixtures = self.folder / "fixtures"
        fixtures.mkdir()
        (fixtures / "chat.json").write_text(json.dumps({"fixtures": [
            {"match": {"userMessage": "baton"}, "response": {"content": "".join(texts)}}]}))
        install(AIMOCK)
        self.process = self.spawn("node", AIMOCK / "node_modules/.bin/llmock", "-p", self.port, "-h", "127.0.0.1",
                                  "-f", fixtures, "-c", len(texts[0]), "-l", pause_ms, "--log-level", "warn",
                                  "--journal-max", 1)
        wait_or_stop(self)
        self.arguments = ["--key", "sk-bench"]


class Gateway(servers.Server):
    """A batond over `upstream`; `mode` is that of its requests."""

    def __init__(self, folder, binaries, upstream, store):
        super().__init__(folder)
        endpoint = [{"name": "bench", "provider": "openai", "base_url": f"http://127.0.0.1:{upstream.port}/v1",
                     "api_key": "sk-bench", "models": ["bench"]}]
        settings = [f"--set={text}" for text in (
            "server.port=0", "metrics.enabled=false", f"data.dir={self.folder}/data", f"queue.store={store}",
            "logging.level=warn", "llm.endpoints=" + json.dumps(endpoint), "llm.connections_max=4096",
            "scheduler.workers=4096",
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
        install(PORTKEY)
        program = PORTKEY / "node_modules/@portkey-ai/gateway/build/start-server.js"
        # It binds every interface by itself, and on Node 20 adds fields to answers of fetch, which
        # takes none: its streams would all be refused.
        bind = self.folder / "loopback.cjs"
        bind.write_text("""const net = require("net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const port = typeof given[0] === "object" ? given[0].port : given[0];
  const done = given.find((value) => typeof value === "function");
  return listen.call(this, { port, host: "127.0.0.1" }, done);
};
const plain = globalThis.Response;
const ask = globalThis.fetch;
globalThis.fetch = async (...given) => {
  const answer = await ask(...given);
  const { status, statusText, headers } = answer;
  return new plain(answer.body, { status, statusText, headers });
};
""")
        self.process = self.spawn("node", "--require", bind, program, f"--port={self.port}", "--headless",
                                  env={"NODE_ENV": "production"})
        wait_or_stop(self)
        self.arguments = ["--key", "sk-bench", "--header", "x-portkey-provider: openai", "--header",
                          f"x-portkey-custom-host: http://127.0.0.1:{upstream.port}/v1"]


def wait_or_stop(server):
    try:
        servers.wait_for(server.port, server.process)
    except RuntimeError:
        server.stop()
        raise


def install(package):
    if not (package / "node_modules").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                       cwd=package, check=True)


def forget_peak(process):
    pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak_rss_mb(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return round(int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024, 1)


def load(binaries, server, *arguments):
    forget_peak(server.process)
    run = subprocess.run([binaries / "llm_load", "--port", str(server.port), *server.arguments,
                          *(str(word) for word in arguments)], capture_output=True, text=True)
    if run.returncode != 0 or not run.stdout:
        return {"failed": run.stderr.strip()[-300:]}
    seen = json.loads(run.stdout)
    seen["rss_mb"] = peak_rss_mb(server.process)
    if run.stderr:
        seen["first_error"] = run.stderr[:200]
    return seen


def added(row, direct, kind):
    if "failed" in row or "failed" in direct:
        return None
    return round(row[kind]["p99"] - direct[kind]["p99"])


def run_once(run, options, results):
    """Whether every answer of Baton's was whole."""
    good = True
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        facts = {"run": run, "store": options.store, "upstream": options.upstream, "rate": options.rate,
                 "fdatasync_p50_us": fdatasync_p50_us(folder)}
        started = []

        def start(kind, name, *arguments):
            place = pathlib.Path(folder) / name
            place.mkdir()
            started.append(kind(place, *arguments))
            return started[-1]

        def measure(what, servers_of_row, *arguments, **more):
            nonlocal good
            direct = None
            for server in servers_of_row:
                server = server() if callable(server) else server
                row = load(options.bin, server, "--seconds", options.seconds, *arguments)
                direct = direct or row
                seen = {"added_p99_us": added(row, direct, "whole_us")}
                if "first_us" in row:
                    seen["added_first_p99_us"] = added(row, direct, "first_us")
                results.row(**facts, what=what, system=server.system, **more, **row, **seen)
                if server.system.startswith("baton") and ("failed" in row or row["errors"]):
                    good = False

        try:
            upstream = Aimock if options.upstream == "aimock" else Upstream
            rows = {"steady": ["--rate", options.rate], "steady-stream": ["--rate", options.rate, "--stream"],
                    "most": [], "most-stream": ["--stream"]}
            rows = {what: arguments for what, arguments in rows.items() if what in options.only}
            if rows:
                quick = start(upstream, "quick", options.bin, PIECES, 0)
                baton = start(Gateway, "baton", options.bin, quick, options.store)
                portkey = [start(Portkey, "portkey", quick)] if options.peers else []
            for what, arguments in rows.items():
                measure(what, [quick, lambda: baton.as_mode("pass-through"), lambda: baton.as_mode("durable"),
                               *portkey], "--connections", 64, "--pieces", PIECES, *arguments)
            if "streams" in options.only:
                slow = start(upstream, "slow", options.bin, STREAM_PIECES, STREAM_PAUSE_MS)
                baton_slow = start(Gateway, "baton-slow", options.bin, slow, options.store)
                measure("streams", [slow, lambda: baton_slow.as_mode("pass-through"),
                                    lambda: baton_slow.as_mode("durable")],
                        "--stream", "--pieces", STREAM_PIECES, "--connections", options.streams,
                        "--spread", STREAM_PIECES * STREAM_PAUSE_MS / 1000, streams=options.streams)
        finally:
            for server in reversed(started):
                server.stop()
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--store", default="journal")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--upstream", choices=("minimal", "aimock"), default="minimal")
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--bin", type=lambda text: pathlib.Path(text).resolve(), default=ROOT / "build/release/bin")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(KINDS):
        parser.error(f"no rows are called {', '.join(unknown)}")
    results = Results("llm_gateway", body_bytes=None)
    good = [run_once(run, options, results) for run in range(options.runs)]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
