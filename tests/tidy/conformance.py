#!/usr/bin/python3
"""docs/conformance.md from the tests.

A test says what it checks in a comment above it or inside it,

    // covers: 5.0 MQTT-3.3.1-4, 3.1.1 MQTT-3.3.5-1          (in Python and JavaScript alike, after # or //)

or in its name (mqtt5_3_3_1_4_..., mqtt311_3_3_5_1_...).  A statement that binds a server and has no test has its
reason in conformance_reasons.txt.  Without arguments this writes docs/conformance.md; --check changes nothing and
fails if the file is stale, a statement has neither test nor reason, or a comment names a statement that there is not.
--missing prints the statements that still have neither.
"""

import re
import sys
from pathlib import Path

from sources import ROOT, files, name_of

HERE = Path(__file__).parent
SPEC = ROOT.parent / "shared" / "spec"
DOCUMENT = ROOT / "docs" / "conformance.md"
VERSIONS = {"5.0": "mqtt5.tsv", "3.1.1": "mqtt311.tsv"}

COVERS = re.compile(r"covers:\s*(.*)")
CITED = re.compile(r"(?:\b(5\.0|3\.1\.1)\s+)?\b(MQTT-\d+\.\d+\.\d+-\d+)")
IN_NAME = re.compile(r"(?i)mqtt(5|311)_(\d+)_(\d+)_(\d+)_(\d+)(?!\d)")
CPP_TEST = re.compile(r"^\s*(?:TYPED_)?TEST(?:_[FP])?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)
PY_TEST = re.compile(r"^([ \t]*)(?:async )?def (test_\w+)", re.M)


def statements():
    """{version: {id: actor}}: from the shared tables where they are, else from the committed list."""
    known = {version: {} for version in VERSIONS}
    if all((SPEC / table).is_file() for table in VERSIONS.values()):
        for version, table in VERSIONS.items():
            for line in (SPEC / table).read_text().splitlines()[1:]:
                identifier, actor = line.split("\t")[:2]
                known[version][identifier] = actor
        return known
    for line in (HERE / "statement_ids.txt").read_text().splitlines():
        version, identifier, actor = line.split("\t")
        known[version][identifier] = actor
    return known


def cpp_tests(text):
    """[(name, start, end of body)] of a C++ source; a body ends at the first brace in column 0."""
    found = []
    for match in CPP_TEST.finditer(text):
        end = re.compile(r"^}", re.M).search(text, match.end())
        found.append((f"{match.group(1)}.{match.group(2)}", match.start(), end.end() if end else len(text)))
    return found


def python_tests(text, stem):
    """The same of a Python source; a body ends at the first line that is indented no deeper than its def."""
    found = []
    for match in PY_TEST.finditer(text):
        width = len(match.group(1).expandtabs())
        end = re.compile(rf"^[ ]{{0,{width}}}\S", re.M).search(text, text.find("\n", match.end()))
        found.append((f"{stem}.{match.group(2)}", match.start(), end.start() if end else len(text)))
    return found


def citations(text):
    """[(position, version, id)] of every `covers:` comment; a list that ends in a comma goes on in the next comment."""
    found, at, goes_on, version = [], 0, False, None
    for line in text.splitlines(keepends=True):
        match = COVERS.search(line)
        comment = re.match(r"^\s*(//|#|\*)", line)
        if match or (goes_on and comment):
            listed = match.group(1) if match else line
            version = None if match else version
            for cited in CITED.finditer(listed):
                version = cited.group(1) or version
                found.append((at, version, cited.group(2)))
            goes_on = listed.rstrip().endswith(",")
        else:
            goes_on = False
        at += len(line)
    return found


def owner_of(position, tests):
    """The test that encloses the position, else the next one after it."""
    for name, start, end in tests:
        if start <= position < end or start > position:
            return name
    return None


def collect():
    """({(version, id): [test names]}, [problems]) over everything below tests/."""
    covered, problems, known = {}, [], statements()

    def add(version, identifier, name, where):
        if version is None:
            problems.append(f"{where}: {identifier} without its version (5.0 or 3.1.1)")
        elif identifier not in known[version]:
            problems.append(f"{where}: there is no statement {version} {identifier}")
        elif name is None:
            problems.append(f"{where}: no test at or after the comment that covers {version} {identifier}")
        elif name not in covered.setdefault((version, identifier), []):
            covered[version, identifier].append(name)

    for path in files("tests", suffixes=(".cpp", ".hpp", ".py")):
        if HERE in path.parents:
            continue
        text = path.read_text()
        tests = python_tests(text, path.stem) if path.suffix == ".py" else cpp_tests(text)
        for position, version, identifier in citations(text):
            line = text.count("\n", 0, position) + 1
            add(version, identifier, owner_of(position, tests), f"{name_of(path)}:{line}")
        for name, _, _ in tests:
            for match in IN_NAME.finditer(name):
                identifier = "MQTT-{}.{}.{}-{}".format(*match.groups()[1:])
                add("5.0" if match.group(1) == "5" else "3.1.1", identifier, name, name_of(path))
    return covered, problems


def reasons():
    """{(version, id): reason}; lines are `5.0 MQTT-x  the reason`."""
    found = {}
    for line in (HERE / "conformance_reasons.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            version, identifier, reason = line.split(maxsplit=2)
            found[version, identifier] = reason
    return found


def document(covered, why):
    known = statements()
    lines = [
        "# Conformance",
        "",
        "Every numbered statement of MQTT 5.0 and 3.1.1 that binds a server, and the tests that check it; statements that",
        "bind clients are listed where a test looks at the server's side of them. Written by",
        "`tests/tidy/conformance.py` from the `covers:` comments of the tests: do not edit this file. MQTT 3.1 has no",
        "numbered statements; its clients are tested beside those of 3.1.1.",
    ]
    missing = []
    for version, table in known.items():
        rows, tested = [], 0
        for identifier, actor in table.items():
            names = sorted(covered.get((version, identifier), []))
            reason = why.get((version, identifier))
            if names:
                tested += actor != "client"
                said = ", ".join(f"`{name}`" for name in names)
            elif reason:
                said = f"no test: {reason}"
            elif actor == "client":
                continue
            else:
                missing.append((version, identifier))
                said = "no test yet"
            rows.append(f"| {identifier} | {actor} | {said} |")
        binding = sum(actor != "client" for actor in table.values())
        lines += ["", f"## MQTT {version}", "", f"{binding} statements bind a server, {tested} of them have tests.", "",
                  "| id | binds | tests, or why there is none |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n", missing


def check(covered, why, text, missing, problems):
    problems = list(problems)
    known = statements()
    for version, identifier in why:
        if identifier not in known.get(version, {}):
            problems.append(f"conformance_reasons.txt: there is no statement {version} {identifier}")
        elif (version, identifier) in covered:
            problems.append(f"conformance_reasons.txt: {version} {identifier} has a test now: remove its reason")
    for version in VERSIONS:
        without = [identifier for v, identifier in missing if v == version]
        if without:
            problems.append(f"{version}: {len(without)} statements have neither a test nor a reason: " +
                            ", ".join(without[:10]) + (", ..." if len(without) > 10 else ""))
    if not DOCUMENT.is_file() or DOCUMENT.read_text() != text:
        problems.append("docs/conformance.md is stale: run tests/tidy/conformance.py")
    return problems


def main():
    covered, problems = collect()
    why = reasons()
    text, missing = document(covered, why)
    if "--missing" in sys.argv:
        print("\n".join(f"{version} {identifier}" for version, identifier in missing))
        return 0
    if "--check" in sys.argv:
        problems = check(covered, why, text, missing, problems)
    else:
        DOCUMENT.write_text(text)
    print("\n".join(problems) if problems else "docs/conformance.md is complete" if not missing else
          f"written; {len(missing)} statements have neither a test nor a reason")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
