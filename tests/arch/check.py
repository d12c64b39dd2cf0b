#!/usr/bin/env python3
"""The law of the source tree as a test.

    check.py [ROOT]

Reads src/layers.txt and every C++ file of the project, and prints one line for each breach:
`file:line: [rule] what is wrong; what is allowed`. Ends with status 1 if there was one.
It looks at text only: no build is needed, and no build setting can change its mind.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cpp_text import CppFile, functions, matching_brace

HEADER_LINES_MAX = 200
SOURCE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# The one module that puts the pieces together: it may name adapters, and it only.
COMPOSITION_ROOT = "app"
# Child folders that are the inside of their port rather than one adapter among several: all other
# folders of the same family may stand on them.
INNER_MODULES = {"queue/engine", "queue/remote"}
# What the programs may include: main.cpp is a few lines.
PROGRAM_MODULES = {"app", "cli", "base"}

RULES = {
    "budget", "build_edge", "edge", "environment", "file_head", "folder_name", "include_home",
    "include_path", "layers", "pragma_once", "sleep", "spawn", "statement_expression", "subscription",
    "system", "unfinished", "unknown_module", "using_namespace",
}

BANNED_FOLDER_NAMES = {"util", "utils", "common", "helper", "helpers"}
CODE_FOLDERS = ("src", "cmd", "tests", "bench", "examples")

# The stores' only door to the operating system (SQLite and NATS have doors of their own, outside).
DOOR = "src/queue/store/journal/posix_file_system.cpp"
BEHIND_DOOR = r"(?!src/queue/store/).*|" + re.escape(DOOR)
SYSTEM_HEADERS = (r"(fcntl|unistd|dirent|poll|spawn|aio|syscall|stdio)\.h|sys/.*|linux/.*"
                  r"|fstream|cstdio|iostream")

# What some header brings is the business of one place: (include, files that may, where that is).
INCLUDE_HOMES = [
    (r"boost/(asio|beast)\.hpp", r"(?!)", "nowhere: include exact headers"),
    (r"boost/json/serialize\.hpp", r"(tests|bench)/.*", "nowhere: json_text (model/json_text.h) writes JSON"),
    (r"boost/beast/.*", r"src/net/[^/]+\.cpp|(tests|bench)/.*", "src/net/*.cpp"),
    (r"curl/.*", r"src/net/[^/]+\.cpp|(tests|bench)/.*", "src/net/*.cpp"),
    (r"sqlite3\.h", r"src/db/sqlite/.*|(tests|bench)/.*", "src/db/sqlite/"),
    (r"libpq-fe\.h", r"src/db/postgres/[^/]+\.cpp|(tests|bench)/.*", "src/db/postgres/*.cpp"),
    (r"hiredis/.*", r"src/cache/redis/[^/]+\.cpp|(tests|bench)/.*", "src/cache/redis/*.cpp"),
    (r"openssl/(ssl|err|bio|x509.*)\.h", r"src/cache/redis/[^/]+\.cpp|(tests|bench)/.*", "src/cache/redis/*.cpp"),
    (r"nats/nats\.h", r"src/nats/.*|(tests|bench)/.*", "src/nats/"),
    (r"zstd\.h", r"src/queue/store/jetstream/compressed_log\.cpp|(tests|bench)/.*",
     "src/queue/store/jetstream/compressed_log.cpp"),
    (SYSTEM_HEADERS, BEHIND_DOOR, DOOR),
    (r"boost/asio/(co_spawn|detached)\.hpp", r"src/runtime/.*|(tests|bench)/.*", "src/runtime/"),
]

# What some word does is the business of one place: (rule, word, files that may, what is allowed).
WORD_HOMES = [
    ("spawn", r"\bco_spawn\b|\basio::detached\b", r"src/runtime/.*|(tests|bench)/.*",
     "only src/runtime/ spawns; elsewhere a TaskGroup does"),
    ("environment", r"\b(?:secure_)?getenv\b|\benviron\b", r"src/(app|cli)/.*|(tests|bench)/.*",
     "only src/app/ and src/cli/ read the environment"),
    ("system", r"(?<!<)\bfilesystem\b(?!::path\b)|\b[io]?fstream\b(?!>)|\bfopen\b|\brandom_device\b",
     BEHIND_DOOR, f"within src/queue/store/ only {DOOR} calls the operating system"),
    ("sleep", r"\bsleep_for\b|\bthis_thread::sleep_until\b|(?<![.>\w])u?sleep\s*\(", r"(?!tests/unit/).*",
     "a unit test uses a fake clock"),
    ("subscription", r"\bnatsSubscription_Destroy\b", r"src/nats/connection\.cpp|(tests|bench)/.*",
     "a subscription of libnats ends by EndSubscription (src/nats/native.h), or it is freed in use"),
]


@dataclass(frozen=True)
class Breach:
    path: str
    line: int
    rule: str
    what: str

    def __post_init__(self):
        assert self.rule in RULES, self.rule

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.what}"


class Layers:
    """src/layers.txt: which module may include which."""

    PATH = "src/layers.txt"

    def __init__(self, root):
        self.allowed = {}
        self.breaches = []
        for number, line in enumerate((root / self.PATH).read_text().splitlines(), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            match = re.fullmatch(r"([a-z0-9_/]+):\s*([a-z0-9_/ ]*)", line)
            if not match:
                self._breach(number, f"not `module: modules`: {line}")
                continue
            self._add(number, match[1], match[2].split())

    def _add(self, number, module, targets):
        if module in self.allowed:
            self._breach(number, f"{module} is listed twice")
        for target in targets:
            if target not in self.allowed:
                where = "itself" if target == module else f"{target}, which does not stand above it"
                self._breach(number, f"{module} names {where}; above it: {self._listed()}")
            elif reason := forbidden_edge(module, target):
                self._breach(number, f"{module} names {target}: {reason}")
        self.allowed[module] = set(targets)

    def _breach(self, line, what):
        self.breaches.append(Breach(self.PATH, line, "layers", what))

    def _listed(self):
        return " ".join(self.allowed) or "nothing"


def forbidden_edge(module, target):
    """Why `module` may never name `target`, whatever layers.txt says; None if it may."""
    if module == COMPOSITION_ROOT or "/" not in target:
        return None
    if target.startswith(module + "/"):
        return "a port never includes its adapter"
    if module.startswith(target + "/"):
        return None  # a child stands on its parent
    same_family = module.split("/")[0] == target.split("/")[0]
    if target in INNER_MODULES and same_family:
        return None
    if same_family and PurePosixPath(module).parent == PurePosixPath(target).parent:
        return "siblings never include each other"
    return f"only {COMPOSITION_ROOT}/ names adapters"


class Checker:
    def __init__(self, root):
        self.root = root
        self.layers = Layers(root)
        self.breaches = list(self.layers.breaches)
        self.files = []

    def run(self):
        for path in self._paths():
            file = CppFile(path.read_text(errors="replace"), path.relative_to(self.root).as_posix())
            self.files.append(file)
            self._check_file(file)
        self._check_folders()
        self._check_build_files()
        return sorted(self.breaches, key=lambda breach: (breach.path, breach.line, breach.rule))

    def _paths(self):
        for folder in CODE_FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in (".cpp", ".h") and "node_modules" not in path.parts:
                    yield path

    def _breach(self, file, line, rule, what):
        path = file if isinstance(file, str) else file.path
        self.breaches.append(Breach(path, line, rule, what))

    def _check_file(self, file):
        for line, quote, included in file.includes:
            self._check_include(file, line, quote, included)
        self._check_words(file)
        self._check_budgets(file)
        if file.is_header:
            self._check_header(file)

    # Includes.

    def _check_include(self, file, line, quote, included):
        for pattern, homes, where in INCLUDE_HOMES:
            if re.fullmatch(pattern, included) and not re.fullmatch(homes, file.path):
                self._breach(file, line, "include_home", f"<{included}>; allowed: {where}")
        if ".." in PurePosixPath(included).parts:
            self._breach(file, line, "include_path", f'"{included}"; name the full path from src/')
        elif quote == "<":
            if (self.root / "src" / included).is_file():
                self._breach(file, line, "include_path", f'<{included}> is ours; write "{included}"')
        elif file.path.startswith(("tests/", "bench/")) and "/" not in included:
            return  # a fixture that lives beside its one user
        elif not any((self.root / base / included).is_file() for base in include_roots(file)):
            roots = " or ".join(f"{base}/" for base in include_roots(file))
            self._breach(file, line, "include_path",
                         f'"{included}" is no file by its full path from {roots}')
        elif file.path.startswith(("src/", "cmd/")):
            self._check_edge(file, line, included)

    def _check_edge(self, file, line, included):
        target = PurePosixPath(included).parent.as_posix()
        if file.path.startswith("cmd/"):
            if target not in PROGRAM_MODULES:
                self._breach(file, line, "edge", f"a program includes {included}; "
                             f"allowed: {' '.join(sorted(PROGRAM_MODULES))}")
            return
        module = file.module
        if module not in self.layers.allowed or target == module:
            return
        if target not in self.layers.allowed[module]:
            allowed = " ".join(sorted(self.layers.allowed[module])) or "nothing"
            self._breach(file, line, "edge", f"{module} includes {included}; allowed: {allowed}")

    # Words.

    def _check_words(self, file):
        for rule, word, homes, allowed in WORD_HOMES:
            if re.fullmatch(homes, file.path):
                continue
            for line, text in file.matches(word):
                self._breach(file, line, rule, f"`{text}`; {allowed}")
        for line, text in file.raw_matches(r"\b(?:TODO|FIXME|XXX)\b"):
            self._breach(file, line, "unfinished", f"`{text}`; finish it or write an issue")
        for match in re.finditer(r"\(\s*\{", file.code):
            if is_statement_expression(file.code, match.end() - 1):
                self._breach(file, file.code.count("\n", 0, match.start()) + 1,
                             "statement_expression", "`({ … })` is not C++")

    # Sizes and shapes.

    def _check_budgets(self, file):
        most = HEADER_LINES_MAX if file.is_header else SOURCE_LINES_MAX
        if file.line_count > most:
            self._breach(file, file.line_count, "budget",
                         f"{file.line_count} lines; at most {most}: a concept is missing its name")
        for function in functions(file.code):
            if function.lines > FUNCTION_LINES_MAX:
                self._breach(file, function.line, "budget", f"function `{function.name}` has "
                             f"{function.lines} lines; at most {FUNCTION_LINES_MAX}")

    def _check_header(self, file):
        if not file.matches(r"^[ \t]*#[ \t]*pragma[ \t]+once\b"):
            self._breach(file, 1, "pragma_once", "no `#pragma once`")
        for line, _ in file.matches(r"\busing\s+namespace\b"):
            self._breach(file, line, "using_namespace", "`using namespace` in a header")
        first = [line for line in file.raw.splitlines() if line.strip() != "#pragma once"]
        text = next((line for line in first if line.strip()), "")
        if file.path.startswith("src/") and not text.startswith("//"):
            self._breach(file, 1, "file_head",
                         "no comment at the head: one to three lines, what this is and why")

    # Folders and build files.

    def _check_folders(self):
        seen = set()
        for file in self.files:
            for folder in PurePosixPath(file.path).parents:
                if folder.name in BANNED_FOLDER_NAMES and folder not in seen:
                    seen.add(folder)
                    self._breach(f"{folder}/", 1, "folder_name",
                                 "a thing has a name, or lives beside its one user")
            if file.module is not None and file.module not in self.layers.allowed \
                    and file.module not in seen:
                seen.add(file.module)
                self._breach(file, 1, "unknown_module", f"{file.module} is not in {Layers.PATH}")

    def _check_build_files(self):
        for path in sorted((self.root / "src").rglob("CMakeLists.txt")):
            name = path.relative_to(self.root).as_posix()
            if name == "src/CMakeLists.txt":
                continue
            own = "baton_" + path.parent.relative_to(self.root / "src").as_posix().replace("/", "_")
            others = {"baton_" + module.replace("/", "_") for module in self.layers.allowed} - {own}
            for number, line in enumerate(path.read_text().splitlines(), 1):
                line = line.split("#")[0]
                if "baton::" in line or others.intersection(re.findall(r"\bbaton_\w+", line)):
                    self._breach(name, number, "build_edge", f"`{line.strip()}`; "
                                 f"what a module links of ours is said in {Layers.PATH} alone")


def include_roots(file):
    top = file.path.split("/")[0]
    return ["src"] if top in ("src", "cmd", "examples") else ["src", "tests"]


def is_statement_expression(code, brace):
    """Whether the braces after `(` hold statements: a braced list has no `;` of its own."""
    depth = 0
    for char in code[brace:matching_brace(code, brace)]:
        depth += (char == "{") - (char == "}")
        if char == ";" and depth == 1:
            return True
    return False


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    checker = Checker(root)
    breaches = checker.run()
    for breach in breaches:
        print(breach)
    print(f"{len(checker.files)} files, {len(breaches)} breaches of the law")
    return 1 if breaches or not checker.files else 0


if __name__ == "__main__":
    sys.exit(main())
