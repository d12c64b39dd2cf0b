"""C++ as text: comments and literals blanked out, includes, and where function bodies are.

Not a parser. It knows just enough to tell code from comment, and a function's braces from those of a
class, a namespace or an initialiser.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | (?P<raw>(?:u8|[uUL])?R"(?P<tag>[^()\s\\"]{0,16})\(.*?\)(?P=tag)")
      | (?P<number>\b[0-9][0-9a-zA-Z_.]*(?:'[0-9a-zA-Z_.]+)*)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def strip_literals(text):
    """The same text, as long and with the same lines, with comments and literals made blank."""

    def replace(match):
        if match["number"] is not None:
            return match[0]
        if match["comment"] is not None:
            return blank(match[0])
        return match[0][0] + blank(match[0][1:-1]) + match[0][-1]

    return TOKEN.sub(replace, text)


class CppFile:
    def __init__(self, raw, path):
        self.raw = raw
        self.path = path
        self.is_header = path.endswith(".h")
        self.line_count = len(raw.splitlines())
        self.code = strip_literals(raw)
        self.includes = self._find_includes()

    @property
    def module(self):
        """The folder below src/, None for a file outside."""
        parts = PurePosixPath(self.path).parts
        return "/".join(parts[1:-1]) if parts[0] == "src" else None

    def matches(self, pattern):
        """(line, text) of each match in the code, outside comments and literals."""
        return self._matches(pattern, self.code)

    def raw_matches(self, pattern):
        return self._matches(pattern, self.raw)

    def _find_includes(self):
        found = []
        raw_lines = self.raw.splitlines()
        for number, line in enumerate(self.code.splitlines(), 1):
            if re.match(r"\s*#\s*include\b", line):
                match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', raw_lines[number - 1])
                if match:
                    found.append((number, match[1], match[2]))
        return found

    @staticmethod
    def _matches(pattern, text):
        return [(text.count("\n", 0, match.start()) + 1, match[0].strip())
                for match in re.finditer(pattern, text, re.MULTILINE)]


def matching_brace(code, start):
    """Index of the brace that closes the one at `start`, or the end of the text."""
    depth = 0
    for index in range(start, len(code)):
        depth += (code[index] == "{") - (code[index] == "}")
        if depth == 0:
            return index
    return len(code)


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int  # from the opening brace's line to the closing brace's line


def functions(code):
    """All functions outside other functions, in `code` without comments and literals."""
    # A macro's body is text, not code of this place.
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda match: blank(match[0]), code,
                  flags=re.MULTILINE)
    found = []
    head = 0  # where the text before the next brace begins
    index = 0
    while index < len(code):
        char = code[index]
        if char in ";}":
            head = index + 1
        elif char == "{":
            kind = scope_kind(code[head:index])
            if kind == "scope":
                head = index + 1
            else:
                end = matching_brace(code, index)
                if kind == "function":
                    found.append(Function(function_name(code[head:index]),
                                          code.count("\n", 0, index) + 1,
                                          code.count("\n", index, end) + 1))
                if kind not in ("member_init", "argument"):
                    head = end + 1
                index = end
        index += 1
    return found


def scope_kind(head):
    """What the brace after `head` opens: `scope` (its content is looked into), `function`,
    `member_init` or `argument` (the head goes on behind its closing brace), or `value`."""
    head = re.sub(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)", " ", head, flags=re.DOTALL)
    head = re.sub(r"\b(?:public|protected|private)\s*:(?!:)", " ", head)
    head = drop_template_heads(head).strip()
    if re.match(r"(inline\s+)?namespace\b|extern\b[^()]*$|export\b[^()]*$", head):
        return "scope"
    if re.match(r"(typedef\s+|static\s+|constexpr\s+)*(class|struct|union|enum)\b", head) \
            and "(" not in re.sub(r"<[^<>]*>", "", head.split(":")[0]):
        return "scope"
    if head.count("(") != head.count(")"):
        return "argument"
    flat = flatten_parentheses(head)
    if "operator" in flat:
        return "function" if "()" in flat else "value"
    if re.search(r"\)[^:]*(?<!:):(?!:)", flat) and re.search(r"[\w>]\s*$", flat):
        return "member_init"
    if re.search(r"(?<![=!<>])=(?!=)", flat):
        return "function" if re.search(r"\]\s*(\(\)|$)", flat) else "value"
    return "function" if "()" in flat else "value"


def drop_template_heads(head):
    while match := re.search(r"\btemplate\s*<", head):
        depth, index = 0, match.end() - 1
        while index < len(head):
            depth += (head[index] == "<") - (head[index] == ">")
            index += 1
            if depth == 0:
                break
        head = head[:match.start()] + " " + head[index:]
    return head


def flatten_parentheses(head):
    """`f(int (*g)(int), x = 3)` → `f()`."""
    out, depth = [], 0
    for char in head:
        if char == ")":
            depth -= 1
        if depth <= 0:
            out.append(char)
        if char == "(":
            depth += 1
    return "".join(out)


def function_name(head):
    no_names = {"requires", "noexcept", "decltype", "alignas", "explicit"}
    for match in re.finditer(r"([\w:~]+|operator[^\s(]*(?:\s*\(\s*\))?)\s*\(", flatten_parentheses(head)):
        if match[1] not in no_names:
            return match[1]
    return "lambda"
