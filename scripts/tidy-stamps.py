#!/usr/bin/env python3
"""What clang-tidy has to look at again.

Reads paths of sources from standard input and prints `HASH PATH` for each: the hash covers the
rules, the source and every header of the project that it includes, however far down. So a source
that passed need not be looked at until one of these changes.
"""

import hashlib
import re
import sys
from functools import cache
from pathlib import Path

INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
ROOTS = [Path("src"), Path("tests")]


@cache
def content(path: Path) -> bytes:
    return path.read_bytes()


@cache
def included(path: Path) -> tuple[Path, ...]:
    found = []
    for name in INCLUDE.findall(content(path)):
        for root in [*ROOTS, path.parent]:
            header = root / name.decode()
            if header.is_file():
                found.append(header)
                break
    return tuple(found)


def reachable(path: Path) -> list[Path]:
    seen = {path}
    todo = [path]
    while todo:
        for header in included(todo.pop()):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return sorted(seen)


def main() -> None:
    rules = Path(".clang-tidy").read_bytes()
    for line in sys.stdin:
        path = Path(line.strip())
        digest = hashlib.sha256(rules)
        for file in reachable(path):
            digest.update(str(file).encode() + b"\0" + content(file))
        print(digest.hexdigest(), path)


main()
