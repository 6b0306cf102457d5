#!/usr/bin/python3
"""A ratchet on length: files up to 500 lines, functions up to 60.

What is longer stands in lengths_baseline.txt with its length.  It may shrink there, never grow, and a line that is
no longer true must go (`--shrink` rewrites the numbers downwards and removes what has become short; it adds nothing).
"""

import re
import sys
from pathlib import Path

from sources import files, name_of, without_comments_and_strings

FILE_LINES, FUNCTION_LINES = 500, 60
BASELINE = Path(__file__).with_name("lengths_baseline.txt")
# What stands before a brace that opens no function: types, namespaces, control flow, initialisers.
NO_FUNCTION = re.compile(r"^\s*(namespace|class|struct|enum|union|extern)\b|=\s*$|^\s*$")
CONTROL = {"if", "for", "while", "switch", "catch", "do", "else", "try", "return"}
NAME = re.compile(r"([~\w:]+|operator\s*\S+)\s*\(")


def function_name(head):
    """The name of the function that a brace after `head` opens, or nothing."""
    head = re.sub(r"\[\[.*?\]\]|^\s*template\s*<[^{}]*?>\s*(?=\w)|^\s*#.*$", " ", head, flags=re.M)
    if NO_FUNCTION.search(head) and not re.search(r"\)\s*(const|noexcept|override|final|->.*)*\s*$", head):
        return None
    names = [name for name in NAME.findall(head) if name.split("::")[-1] not in CONTROL]
    return names[0] if names and "(" in head and not re.match(r"^\s*(if|for|while|switch)\b", head) else None


def functions(text):
    """(name, first line, lines) of every function body at namespace or class level."""
    code = without_comments_and_strings(text)
    code = re.sub(r"^[ \t]*#.*?(?<!\\)$", "", code, flags=re.M)
    found, stack, head_start, line, depth_of_function = [], [], 0, 1, None
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "{":
            name = None if depth_of_function is not None else function_name(code[head_start:at])
            stack.append((name, line))
            if name:
                depth_of_function = len(stack)
            head_start = at + 1
        elif char == "}" and stack:
            name, first = stack.pop()
            if name and depth_of_function == len(stack) + 1:
                found.append((name, first, line - first + 1))
                depth_of_function = None
            head_start = at + 1
        elif char == ";":
            head_start = at + 1
    return found


def measure():
    """name -> lines, of what is longer than it should be."""
    long = {}
    for path in files("src", "include", "tests"):
        text = path.read_text()
        count = text.count("\n")
        if count > FILE_LINES:
            long[name_of(path)] = count
        for name, _, lines in functions(text):
            if lines > FUNCTION_LINES:
                key = f"{name_of(path)}:{name}"
                long[key] = max(lines, long.get(key, 0))
    return long


def read_baseline():
    known = {}
    for line in BASELINE.read_text().splitlines():
        if line and not line.startswith("#"):
            lines, name = line.split(maxsplit=1)
            known[name] = int(lines)
    return known


def compare(long, known):
    wrong = []
    for name, lines in sorted(long.items(), key=lambda item: -item[1]):
        limit = FUNCTION_LINES if re.search(r"\.\w+:", name) else FILE_LINES
        if name not in known:
            wrong.append(f"{name}: {lines} lines, at most {limit}")
        elif lines > known[name]:
            wrong.append(f"{name}: {lines} lines; it had {known[name]} and may only shrink")
    for name, lines in known.items():
        if long.get(name, 0) < lines:
            wrong.append(f"{name}: shorter than the baseline says ({long.get(name, 'short enough')}): "
                         "run tests/tidy/lengths.py --shrink")
    return wrong


def shrink(long, known):
    header = [line for line in BASELINE.read_text().splitlines() if line.startswith("#")]
    kept = [f"{min(lines, long[name])} {name}" for name, lines in sorted(known.items()) if name in long]
    BASELINE.write_text("\n".join(header + kept) + "\n")


def main():
    long, known = measure(), read_baseline()
    if "--shrink" in sys.argv:
        shrink(long, known)
        known = read_baseline()
    wrong = compare(long, known)
    for line in wrong:
        print(line)
    print("longest that are known: " +
          (", ".join(f"{name} ({lines})" for name, lines in sorted(known.items(), key=lambda i: -i[1])[:5]) or "none"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
