#!/usr/bin/env python3
"""What waiting costs: connections that all wait in a pop, and nothing comes.

    bench/idle_polls.py [--connections 10000] [--seconds 20] [--kind poll|stream]

Prints the CPU time of batond as a share of one core, and its memory, beside those of the idle daemon.
`stream` opens /v1/stream with one consumer each instead.
"""
import argparse
import os
import pathlib
import resource
import socket
import struct
import tempfile
import time

import servers
from facts import ROOT, Results
from http_posts import call

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0


def poll_request(key):
    body = '{"max":1,"wait_ms":60000}'
    return (f"POST /v1/queues/idle/pop HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def stream_request(key):
    body = b'{"id":1,"op":"consume","queue":"idle","credit":1}'
    frame = struct.pack("!BB", 0x81, 0x80 | len(body)) + b"\0\0\0\0" + body
    return (f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode() + frame


def measure(pid, seconds):
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return round((cpu_seconds(pid) - before) / seconds * 100, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--kind", choices=["poll", "stream"], default="poll")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    results = Results("idle_polls", kind=options.kind)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        daemon = servers.Baton(folder, ROOT / "build/release/bin", "sqlite", "fsync")
        try:
            run(daemon, options, results)
        finally:
            daemon.stop()


def run(daemon, options, results):
    call(f"{daemon.url}/v1/queues/idle", daemon.key, "PUT", {})
    pid = daemon.process.pid
    idle = {"idle_cpu_percent": measure(pid, 3), "idle_rss_mib": memory_mib(pid)}
    request = (poll_request if options.kind == "poll" else stream_request)(daemon.key)
    sockets = []
    for _ in range(options.connections):
        connection = socket.create_connection(("127.0.0.1", daemon.port))
        connection.sendall(request)
        sockets.append(connection)
    time.sleep(2)
    results.row(connections=options.connections, seconds=options.seconds,
                cpu_percent=measure(pid, options.seconds), rss_mib=memory_mib(pid), **idle)


if __name__ == "__main__":
    main()
