#!/usr/bin/python3
"""Writes a package's changelog.Debian.gz, and the project's own changelog.gz beside it.

usage: changelog.py PACKAGE VERSION MAINTAINER SOURCE_DIR OUTPUT_DIR

Its date is SOURCE_DATE_EPOCH, or that of docs/CHANGELOG.md, so that the same source gives the same package.
"""

import gzip
import os
import sys
import time
from email.utils import formatdate
from pathlib import Path


def write(path, text):
    # Without a name and a time in its head, the same text is the same file.
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(text.encode())


def main():
    package, version, maintainer, source, output = sys.argv[1:]
    notes = Path(source) / "docs/CHANGELOG.md"
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or notes.stat().st_mtime)
    entry = (f"{package} ({version}) bookworm; urgency=medium\n\n"
             f"  * Built from tombo's own packaging; what changed is told in\n    /usr/share/doc/{package}/changelog.gz.\n\n"
             f" -- {maintainer}  {formatdate(min(moment, time.time()))}\n")
    Path(output).mkdir(parents=True, exist_ok=True)
    write(Path(output) / "changelog.Debian.gz", entry)
    write(Path(output) / "changelog.gz", notes.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
