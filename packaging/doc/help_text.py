"""What a program of ours says of itself with --help, as data.

The programs describe themselves to CLI11 and to nobody else, so man pages and completions are made from what it prints:
a paragraph, "Usage: ...", groups of entries below a heading, and a footer that has headings, too.
"""

import re
import subprocess
from dataclasses import dataclass, field

DESCRIPTION_COLUMN = 30  # CLI11 begins a description there, or on the next line where the name reaches that far
HELP_SECONDS_MAX = 20
NO_TYPES = {"REQUIRED", "Needs:", "Excludes:", "..."}


@dataclass
class Entry:
    """An option, a positional or a sub-command."""
    names: list
    type: str = ""          # what stands for its value; empty: it takes none
    values: list = field(default_factory=list)  # what it may be, where that is a list
    default: str = ""
    environment: str = ""
    repeats: bool = False
    required: bool = False
    meaning: str = ""

    def key(self):
        return (tuple(self.names), self.type, self.default, self.meaning)


@dataclass
class Help:
    words: list             # the program and the sub-commands that lead here
    about: str = ""
    groups: list = field(default_factory=list)      # (heading, [Entry]) of options
    positionals: list = field(default_factory=list)
    footer: list = field(default_factory=list)      # lines
    children: list = field(default_factory=list)    # Help, one for each sub-command

    def options(self):
        return [entry for _, entries in self.groups for entry in entries]

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def parse_entry(head, meaning):
    entry = Entry(names=[], meaning=meaning)
    default = re.search(r" \(Env:(\w+)\)", head)
    if default:
        entry.environment = default.group(1)
        head = head.replace(default.group(0), "")
    first, *rest = head.split()
    entry.names = first.split(",")
    entry.required = "REQUIRED" in rest
    entry.repeats = "..." in rest
    if rest and rest[0] not in NO_TYPES:
        entry.type, _, entry.default = rest[0].partition("=") if ":" not in rest[0] else (rest[0], "", "")
        name, _, check = entry.type.partition(":")
        if check:
            entry.type = name
        choices = re.match(r"\{(.*)\}$", check)
        if choices:
            entry.values = [value.split("->")[0] for value in choices.group(1).split(",")]
    return entry


def entries_of(lines):
    """The entries of a group and how many lines they took."""
    found, at = [], 0
    while at < len(lines) and lines[at].startswith("  ") and lines[at][2:3].strip():
        line, meaning = lines[at], []
        at += 1
        indent = " " * DESCRIPTION_COLUMN
        if at < len(lines) and lines[at].startswith(indent):
            head = line
        else:
            head, meaning = line[:DESCRIPTION_COLUMN], [line[DESCRIPTION_COLUMN:].strip()]
        while at < len(lines) and lines[at].startswith(indent):
            meaning.append(lines[at].strip())
            at += 1
        found.append(parse_entry(head.strip(), " ".join(meaning).strip()))
    return found, at


def parse(text, words):
    page = Help(words)
    about, _, rest = text.partition("Usage:")
    page.about = " ".join(about.split())
    lines = rest.split("\n")[1:]
    children, at = [], 0
    while at < len(lines):
        heading = re.match(r"(\S.*):$", lines[at])
        if not heading:
            if lines[at].strip() or page.footer:
                break
            at += 1
            continue
        entries, taken = entries_of(lines[at + 1:])
        name = heading.group(1)
        if name == "Subcommands":
            children = [(entry.names[0], entry.meaning) for entry in entries]
        elif name == "Positionals":
            page.positionals = entries
        elif entries and all(entry.names[0].startswith("-") for entry in entries):
            page.groups.append((name, entries))
        elif entries:
            break
        at += 1 + taken
    page.footer = lines[at:]
    return page, children


def read(binary, words):
    """The help of `words` and of everything below."""
    run = subprocess.run([binary, *words[1:], "--help"], capture_output=True, text=True, timeout=HELP_SECONDS_MAX, check=True)
    page, children = parse(run.stdout, words)
    for name, _ in children:
        page.children.append(read(binary, [*words, name]))
    return page


def version_of(binary):
    run = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=HELP_SECONDS_MAX)
    found = re.search(r"\d+\.\d+\.\d+", run.stdout)
    return found.group(0) if found else ""
