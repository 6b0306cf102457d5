#!/usr/bin/python3
"""Writes the bash completion of a program from what it says with --help.

usage: completion.py NAME PROGRAM OUTPUT

The output is a table of the program's words and the function in completion.bash, which looks them up.
"""

import re
import sys
from pathlib import Path

import help_text

FILES = re.compile(r"FILE|PATH|DIR$|DIRECTORY|^BACKUP$", re.I)
DIRECTORIES = re.compile(r"^(DIR|DIRECTORY|BACKUP)$")


def kind_of(entry):
    """What bash offers for a value: words, @files, @directories, or @nothing that could be known."""
    if entry.values:
        return " ".join(entry.values)
    name = entry.type if entry.type and entry.type != "TEXT" else entry.names[0]
    if DIRECTORIES.search(name):
        return "@directories"
    return "@files" if FILES.search(name) else "@nothing"


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def table_of(page):
    """key -> value, as completion.bash looks them up: `PATH words`, `PATH places`, `PATH value OPTION`."""
    rows = []
    for command in page.walk():
        path = "/".join(command.words[1:])
        options = [name for entry in command.options() for name in entry.names]
        rows.append((f"{path} commands", " ".join(child.words[-1] for child in command.children)))
        rows.append((f"{path} options", " ".join(options)))
        rows.append((f"{path} places", "|".join(kind_of(entry) for entry in command.positionals)))
        for entry in command.options():
            if entry.type:
                rows += [(f"{path} value {name}", kind_of(entry)) for name in entry.names]
    return rows


def main():
    name, program, output = sys.argv[1:]
    page = help_text.read(program, [name])
    variable = "_" + re.sub(r"\W", "_", name)
    body = Path(__file__).with_name("completion.bash").read_text(encoding="utf-8")
    rows = "\n".join(f"  [{quoted(key)}]={quoted(value)}" for key, value in table_of(page) if value)
    text = (f"# bash completion for {name}; made from what `{name} --help` prints.\n"
            f"declare -gA {variable}_words=(\n{rows}\n)\n\n" +
            body.replace("PROGRAM_VARIABLE", variable).replace("PROGRAM_NAME", name))
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
