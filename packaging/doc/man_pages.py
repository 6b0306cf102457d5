#!/usr/bin/python3
"""Writes tombo(8), tombo.toml(5), tomboctl(1) and tombo-bench(1) from what the programs say with --help and from docs/.

usage: man_pages.py PAGE SOURCE_DIR OUTPUT [--program PATH] [--check]

PAGE is tombo.8, tombo.toml.5, tomboctl.1 or tombo-bench.1; PATH is the program that the page is about (not for
tombo.toml.5).  A heading that docs/ no longer has is left out, with --check it is an error.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import help_text
import roff

# What is shown of an option that this many sub-commands have in common stands in a section of its own.
COMMON_TO = 3
TOMBO_SECTIONS = ["Mistakes in the configuration", "Reload", "Log", "What survives: [persistence]", "systemd", "Open files",
                  "Sending clients to another server", "pid file"]
TOMBOCTL_SECTIONS = ["The store: looking at it, backup, restore, import from Mosquitto"]
BENCH_SECTIONS = ["Sub-commands", "Reports and files"]


class Docs:
    """The sections of a page of docs/ that are taken over."""

    def __init__(self, path):
        self.path = path
        self.sections = roff.sections(path.read_text(encoding="utf-8"))
        self.missing = []

    def add_to(self, page, names):
        for name in names:
            if name not in self.sections:
                self.missing.append(name)
                continue
            page.section(name.split(":")[0] if name.startswith("The store") else name)
            page.markdown(self.sections[name])


def shown(entry):
    """The names of an option and what stands for its value."""
    text = ", ".join("\\fB" + roff.literal(name) + "\\fR" for name in entry.names)
    return text + (f" \\fI{roff.literal(entry.type)}\\fR" if entry.type else "")


def positional(entry):
    name = entry.type if entry.type and entry.type != "TEXT" else entry.names[0].upper()
    return f"\\fI{roff.literal(name)}\\fR"


def explained(entry):
    said = roff.plain(entry.meaning)
    if said and said[-1] not in ".!?":
        said += "."
    if entry.values:
        said += " One of " + ", ".join(f"\\fB{roff.literal(value)}\\fR" for value in entry.values) + "."
    if entry.required:
        said += " Required."
    if entry.default:
        said += f" Default: \\fB{roff.literal(entry.default)}\\fR."
    if entry.environment:
        said += f" The environment variable \\fB{entry.environment}\\fR says the same."
    return said


def is_help(entry):
    return "--help" in entry.names


def add_options(page, entries):
    for entry in entries:
        page.item(shown(entry), explained(entry))


def add_footer(page, lines, skip=()):
    """Headings of the footer become sections, their lines items."""
    taking = True
    for line in lines:
        heading = re.match(r"(\S.*):$", line)
        if heading:
            taking = heading.group(1) not in skip
            if taking:
                page.section("Exit status" if heading.group(1).startswith("Exit") else heading.group(1))
            continue
        item = re.match(r"\s+(\S+(?:, \S+)*) {2,}(\S.*)$", line)
        if taking and item:
            page.item("\\fB" + roff.literal(item.group(1)) + "\\fR", roff.plain(item.group(2)))


def footer_text(lines):
    """What the footer says before its first heading."""
    before = []
    for line in lines:
        if re.match(r"\S.*:$", line):
            break
        before.append(line)
    return " ".join(" ".join(before).split())


def usage(words, page):
    text = "\\fB" + roff.literal(" ".join(words)) + "\\fR"
    if any(not is_help(entry) for entry in page.options()):
        text += " [\\fIOPTION\\fR]..."
    for entry in page.positionals:
        text += f" {positional(entry)}" if entry.required else f" [{positional(entry)}]"
    return text


def common_options(help_page):
    """heading -> options that many sub-commands have, word by word the same."""
    seen = {}
    for child in help_page.children:
        for heading, entries in child.groups:
            for entry in entries:
                seen.setdefault(entry.key(), (heading, entry, []))[2].append(child)
    found = {}
    for heading, entry, children in seen.values():
        if len(children) >= COMMON_TO and not is_help(entry):
            found.setdefault(heading, []).append(entry)
    return found


def add_commands(page, help_page, common):
    left_out = {entry.key() for entries in common.values() for entry in entries}
    groups = {}
    for command in help_page.walk():
        if command is help_page:
            continue
        if command.children:
            groups.update({id(child): command.about for child in command.children})
            continue
        page.lines += [".TP", usage(command.words[1:], command)]
        about = command.about
        if id(command) in groups:  # "List them" alone does not say what
            about = f"{groups[id(command)]}: {about[0].lower()}{about[1:]}"
        about += "" if about.endswith(".") else "."
        own = [entry for entry in command.options() if not is_help(entry) and entry.key() not in left_out]
        page.say(roff.plain(about))
        said = [entry for entry in command.positionals if entry.meaning] + own
        if said:
            page.lines.append(".RS")
            for entry in said:
                page.item(shown(entry) if entry.names[0].startswith("-") else positional(entry), explained(entry))
            page.lines.append(".RE")


def see_also(page, *others):
    page.section("See also")
    said = []
    for other in others:
        name, section = re.match(r"(.*)\((\d)\)$", other).groups()
        said.append(f"\\fB{roff.literal(name)}\\fR({section})")
    page.say(", ".join(said) + ".")


def tombo_page(new_page, help_page, source):
    docs = Docs(source / "docs/operations.md")
    page = new_page("tombo", 8, "an MQTT broker")
    page.section("Synopsis")
    page.say("\\fBtombo\\fR [\\fIOPTION\\fR]...")
    page.section("Description")
    page.say("tombo is an MQTT broker: MQTT 5.0, 3.1.1 and 3.1 over TCP, TLS, WebSocket and Unix sockets, with an event loop "
             "for each core.")
    page.paragraph(roff.plain(footer_text(help_page.footer)))
    page.section("Options")
    add_options(page, help_page.options())
    add_footer(page, help_page.footer)
    docs.add_to(page, TOMBO_SECTIONS)
    page.section("Files")
    page.item("\\fB/etc/tombo/tombo.toml\\fR", "The configuration that the service reads; see \\fBtombo.toml\\fR(5).")
    page.item("\\fB/var/lib/tombo\\fR", "Sessions, queues and retained messages.")
    page.item("\\fB/run/tombo/control.sock\\fR", "Where \\fBtomboctl\\fR(1) finds the running broker.")
    see_also(page, "tombo.toml(5)", "tomboctl(1)", "tombo-bench(1)")
    return page, docs.missing


def toml_page(new_page, source):
    docs = Docs(source / "docs/options.md")
    page = new_page("tombo.toml", 5, "configuration of tombo, an MQTT broker")
    page.section("Description")
    # The first paragraph says how the page in docs/ is made.
    page.markdown("`tombo -c` *FILE* reads its options from a file in TOML. Every option has a default, so an empty file is a "
                  "configuration, too.\n" + docs.sections[""].strip().partition("\n\n")[2])
    for name, text in docs.sections.items():
        if not name:
            continue
        page.section(name)
        page.markdown("\n".join(line for line in text.split("\n") if not line.startswith("|")))
        for key, default, allowed, reload, meaning in (
                roff.cells(line) for line in text.split("\n") if re.match(r"\| `", line)):
            page.item(roff.inline(key), roff.inline(meaning))
            known = [f"Default: {roff.inline(default)}", roff.inline(allowed), f"reload: {roff.inline(reload)}"]
            page.lines += [".br", roff.guarded("; ".join(filter(None, known)) + ".")]
    page.section("Files")
    page.item("\\fB/etc/tombo/tombo.toml\\fR", "What the service reads, with a comment for each option.")
    see_also(page, "tombo(8)", "tomboctl(1)")
    return page, docs.missing


def tomboctl_page(new_page, help_page, source):
    docs = Docs(source / "docs/operations.md")
    page = new_page("tomboctl", 1, "ask and command a running tombo, and look after its store")
    page.section("Synopsis")
    page.say("\\fBtomboctl\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...")
    page.section("Description")
    page.markdown("`tomboctl` speaks to the broker over a Unix socket, which the configuration names as `socket` in "
                  "`[control]`. Commands that begin with `store`, and `restore` and `passwd`, work on files and need no "
                  "broker.")
    page.section("Options")
    add_options(page, help_page.options())
    page.section("Commands")
    add_commands(page, help_page, {})
    docs.add_to(page, TOMBOCTL_SECTIONS)
    add_footer(page, help_page.footer)
    see_also(page, "tombo(8)", "tombo.toml(5)")
    return page, docs.missing


def bench_page(new_page, help_page, source):
    docs = Docs(source / "docs/benchmarking.md")
    page = new_page("tombo-bench", 1, "load tester for MQTT brokers")
    page.section("Synopsis")
    page.say("\\fBtombo\\-bench\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...")
    page.section("Description")
    page.say(roff.plain(footer_text(help_page.footer)))
    common = common_options(help_page)
    page.section("Commands")
    add_commands(page, help_page, common)
    page.section("Options that several commands have")
    for heading, entries in common.items():
        page.subsection(heading)
        add_options(page, entries)
    docs.add_to(page, BENCH_SECTIONS)
    add_footer(page, help_page.footer)
    see_also(page, "tombo(8)")
    return page, docs.missing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", choices=["tombo.8", "tombo.toml.5", "tomboctl.1", "tombo-bench.1"])
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--program")
    parser.add_argument("--version", required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or (arguments.source / "docs/operations.md").stat().st_mtime)
    date = time.strftime("%Y-%m-%d", time.gmtime(moment))

    def new_page(name, section, about):
        return roff.Page(name, section, about, arguments.version, date)

    if arguments.page == "tombo.toml.5":
        page, missing = toml_page(new_page, arguments.source)
    else:
        make = {"tombo.8": tombo_page, "tomboctl.1": tomboctl_page, "tombo-bench.1": bench_page}[arguments.page]
        page, missing = make(new_page, help_text.read(arguments.program, [arguments.page[:-2]]), arguments.source)
    if missing and arguments.check:
        print("\n".join(f"docs/ has no section '{name}' any more, which {arguments.page} takes over" for name in missing))
        return 1
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(page.text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
