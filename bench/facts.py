"""What every result says about itself, and where results go."""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench/results"
BODY_BYTES = 256


def commit():
    return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True).stdout.strip()


def machine():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        model = next(line.split(":", 1)[1].strip() for line in text.splitlines()
                     if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    return f"{model}, {os.cpu_count()} cores"


def fdatasync_p50_us(folder):
    """A 4 KiB write and fdatasync into a preallocated file."""
    path = pathlib.Path(folder) / "probe"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(fd, 0, 4096 * 500)
    os.fsync(fd)
    times = []
    for i in range(500):
        begin = time.perf_counter()
        os.pwrite(fd, b"x" * 4096, 4096 * i)
        os.fdatasync(fd)
        times.append((time.perf_counter() - begin) * 1e6)
    os.close(fd)
    path.unlink()
    return round(statistics.median(times))


class Results:
    """One JSON line a row, on standard output and in bench/results/<bench>.jsonl."""

    def __init__(self, bench, **base):
        RESULTS.mkdir(parents=True, exist_ok=True)
        self.path = RESULTS / f"{bench}.jsonl"
        self.file = self.path.open("a")
        started = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.base = {"bench": bench, "started": started, "machine": machine(), "build": "release",
                     "commit": commit(), "body_bytes": BODY_BYTES} | base

    def row(self, **facts):
        line = json.dumps(self.base | facts)
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()
